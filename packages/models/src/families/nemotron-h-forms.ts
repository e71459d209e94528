import type { HybridConfig } from '../config/hybrid-config.js';
import type { ParameterSpec } from '../config/parameter-spec.js';
import { backboneNames } from './backbone-names.js';
import { expertForms } from './expert-forms.js';
import { layerParameter } from './part-names.js';
import { namedForms, type StoredForm, wholeTensor } from './stored-form.js';

const named = namedForms(backboneNames);

/** How Nemotron-H's parameters lie on disk: `backbone.*`, experts matrix by matrix. */
export function nemotronHForms(spec: ParameterSpec, config: HybridConfig): readonly StoredForm[] {
  const found = layerParameter(spec.name);
  if (!found || found.isNorm || config.layers[found.layer]!.kind !== 'experts') return named(spec, config);
  const module = `backbone.layers.${found.layer}.mixer`;
  const [first, part, ending] = found.part.split('.');
  const whole = (name: string): readonly StoredForm[] => [wholeTensor(`${module}.${name}`, spec.shape)];
  switch (first) {
    case 'experts':
      return expertForms(`${module}.experts`, part!, spec.shape);
    case 'router':
      return whole(part === 'weight' ? 'gate.weight' : 'gate.e_score_correction_bias');
    case 'latentIn':
      return whole(`fc1_latent_proj.${part}`);
    case 'latentOut':
      return whole(`fc2_latent_proj.${part}`);
    default:
      return whole(`shared_experts.${part}_proj.${ending}`);
  }
}
