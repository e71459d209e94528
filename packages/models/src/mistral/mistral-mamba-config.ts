import { HybraError } from '@hybra/spec';
import { showValue } from '../parse/show-value.js';

/**
 * The `config.json` of mamba_ssm for Mistral's `params.json` of a Mamba-2 model (`dim`, `n_layers`, `n_groups`, …);
 * what has the same name there is taken over, for its reader to judge.
 * @throws E_CONFIG for a model of another type
 */
export function mistralMambaConfig(json: unknown): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new HybraError('E_CONFIG', `params.json: is ${showValue(json)}, expected an object.`, {});
  }
  const { model_type: type, dim, n_layers, n_groups, ...rest } = json as Record<string, unknown>;
  if (type !== 'mamba') {
    throw new HybraError(
      'E_CONFIG',
      `params.json: model_type is ${showValue(type)}, expected "mamba". Other models of Mistral are read in the layout of transformers, with a config.json.`,
      { key: 'model_type' },
    );
  }
  return {
    d_model: dim,
    n_layer: n_layers,
    ssm_cfg: { layer: 'Mamba2', ...(n_groups !== undefined && { ngroups: n_groups }) },
    ...rest,
  };
}
