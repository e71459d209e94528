import { mambaSsmFamily } from '../families/mamba-ssm.js';
import { type ExportedTensor, exportedTensors } from './exported-tensors.js';
import { mambaSsmConfig } from './mamba-ssm-config.js';
import { type CheckpointToExport, openForExport } from './open-for-export.js';
import { requireSameModel } from './same-model.js';

/** A checkpoint in the layout of state-spaces/mamba. */
export interface MambaSsmExport {
  readonly family: string;
  /** Its `config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Those of its `pytorch_model.bin`. The head of a tied model is named beside the embedding. */
  readonly tensors: readonly (ExportedTensor & { readonly alsoNamed?: readonly string[] })[];
}

/**
 * A checkpoint in the layout of state-spaces/mamba: models of Mamba or Mamba-2, with attention and MLPs where that
 * layout has them. The elements stay as they are, bit by bit.
 * @throws E_CONFIG for a model that mamba_ssm has no way to say; E_FORMAT, E_SHAPE as `loadModel`
 */
export async function toMambaSsm(
  checkpoint: CheckpointToExport,
  signal?: AbortSignal,
): Promise<MambaSsmExport> {
  const source = await openForExport(checkpoint, signal);
  const isOwn = source.family.modelType === mambaSsmFamily.modelType;
  const json = isOwn ? { ...(checkpoint.config as Record<string, unknown>) } : mambaSsmConfig(source.config);
  const config = mambaSsmFamily.parseConfig(json);
  requireSameModel('the layout of mamba_ssm', { from: source.config, to: config });
  const tensors = exportedTensors(source.reader, { family: mambaSsmFamily, config });
  return {
    family: mambaSsmFamily.modelType,
    config: json,
    tensors: tensors.map((tensor) =>
      config.isTied && tensor.name === 'backbone.embedding.weight'
        ? { ...tensor, alsoNamed: ['lm_head.weight'] }
        : tensor,
    ),
  };
}
