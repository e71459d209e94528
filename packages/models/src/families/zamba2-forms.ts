import type { HybridConfig } from '../config/hybrid-config.js';
import type { SharedConfig } from '../config/layer-configs.js';
import type { ParameterSpec } from '../config/parameter-spec.js';
import { halfOfRows } from './expert-forms.js';
import { layerParameter, partOnDisk } from './part-names.js';
import { type StoredForm, tensorShape, wholeTensor } from './stored-form.js';

/**
 * How Zamba2's parameters lie on disk: a shared block, with the adapters of every layer that uses it, beside the
 * first of them, or beside any other.
 */
export function zamba2Forms(spec: ParameterSpec, config: HybridConfig): readonly StoredForm[] {
  const whole = (name: string): readonly StoredForm[] => [wholeTensor(name, tensorShape(spec))];
  if (spec.name === 'embedding.weight') return whole('model.embed_tokens.weight');
  if (spec.name === 'head.weight') return whole('lm_head.weight');
  if (spec.name === 'finalNorm.weight') return whole('model.final_layernorm.weight');
  const { layer, isNorm, part } = layerParameter(spec.name)!;
  const kind = config.layers[layer]!;
  const prefix = `model.layers.${layer}`;
  if (kind.kind !== 'shared') {
    return whole(isNorm ? `${prefix}.input_layernorm.${part}` : `${prefix}.mamba.${partOnDisk(part)}`);
  }
  if (isNorm) return whole(`${prefix}.mamba_decoder.input_layernorm.${part}`);
  const [first, ...rest] = part.split('.');
  if (first === 'projection') return whole(`${prefix}.linear.weight`);
  if (first === 'mamba2') return whole(`${prefix}.mamba_decoder.mamba.${partOnDisk(rest.join('.'))}`);
  return holdersOf(layer, kind, config).map((holder) =>
    sharedForm(`model.layers.${holder}.shared_transformer`, part, spec, turnOf(layer, config)),
  );
}

/** Layers that a block may be stored with: that which has a copy, then the first that uses it before the others. */
function holdersOf(layer: number, { block, hasOwnCopy }: SharedConfig, config: HybridConfig): number[] {
  const all = config.layers.flatMap((other, index) =>
    other.kind === 'shared' && other.block === block ? [index] : [],
  );
  return hasOwnCopy ? [layer, ...all.filter((index) => index !== layer)] : all;
}

/** Which of the layers with a shared block this is. */
function turnOf(layer: number, config: HybridConfig): number {
  return config.layers.slice(0, layer).filter(({ kind }) => kind === 'shared').length;
}

function sharedForm(block: string, part: string, spec: ParameterSpec, turn: number): StoredForm {
  const attention = `${block}.self_attn`;
  const mlp = `${block}.feed_forward`;
  const adapter = `${mlp}.gate_up_proj_adapter_list.${turn}`;
  const whole = (name: string): StoredForm => wholeTensor(name, spec.shape);
  const ending = part.split('.').at(-1)!;
  switch (part.replace(/\.(weight|bias)$/, '')) {
    case 'attentionNorm':
      return whole(`${block}.input_layernorm.weight`);
    case 'mlpNorm':
      return whole(`${block}.pre_ff_layernorm.weight`);
    case 'mlp.gate':
      return halfOfRows(`${mlp}.gate_up_proj.${ending}`, 0, spec.shape);
    case 'mlp.up':
      return halfOfRows(`${mlp}.gate_up_proj.${ending}`, 1, spec.shape);
    case 'mlp.down':
      return whole(`${mlp}.down_proj.${ending}`);
    case 'adapters.mlp.down':
      return whole(`${adapter}.0.weight`);
    case 'adapters.gate.up':
      return halfOfRows(`${adapter}.1.weight`, 0, spec.shape);
    case 'adapters.up.up':
      return halfOfRows(`${adapter}.1.weight`, 1, spec.shape);
    default: {
      const [group, name, direction] = part.split('.');
      if (group === 'attention') return whole(`${attention}.${partOnDisk(`${name}.weight`)}`);
      const list = `${attention}.linear_${name![0]}_adapter_list.${turn}`;
      return whole(`${list}.${direction === 'down' ? 0 : 1}.weight`);
    }
  }
}
