import type { HybridConfig } from '../config/hybrid-config.js';
import type { DeltaNetConfig } from '../config/layer-configs.js';
import type { ParameterSpec } from '../config/parameter-spec.js';
import { blockNames } from './block-names.js';
import { expertForms } from './expert-forms.js';
import { layerParameter } from './part-names.js';
import { namedForms, rowsOf, type StoredForm, wholeTensor } from './stored-form.js';

const named = namedForms(
  blockNames({
    mixerNorm: 'input_layernorm',
    mlpNorm: 'post_attention_layernorm',
    mixers: { deltaNet: 'linear_attn', attention: 'self_attn' },
    mlp: 'mlp',
  }),
);

/**
 * How Qwen3-Next's parameters lie on disk. Rows of its fused projections come head by head: (query, gate) of each
 * query head, and of each key head (q, k, v and z of the value heads that read it), (b, a) likewise.
 */
export function qwen3NextForms(spec: ParameterSpec, config: HybridConfig): readonly StoredForm[] {
  const found = layerParameter(spec.name);
  if (!found || found.isNorm) return named(spec, config);
  const layer = config.layers[found.layer]!;
  const block = `model.layers.${Math.floor(found.layer / 2)}`;
  const [first, part] = found.part.split('.');
  if (layer.kind === 'attention' && (first === 'query' || first === 'gate')) {
    const { heads, headSize } = layer;
    const rows = Array.from(
      { length: heads },
      (_, head) => [(2 * head + (first === 'gate' ? 1 : 0)) * headSize, headSize] as const,
    );
    const shape = [2 * heads * headSize, ...spec.shape.slice(1)];
    return [rowsOf(`${block}.self_attn.q_proj.${part}`, shape, rows)];
  }
  if (layer.kind === 'deltaNet') {
    const module = `${block}.linear_attn`;
    if (first === 'inProjection') {
      return [rowsOf(`${module}.in_proj_qkvz.weight`, spec.shape, projectedRows(layer))];
    }
    if (first === 'stepProjection') {
      return [rowsOf(`${module}.in_proj_ba.weight`, spec.shape, stepRows(layer))];
    }
  }
  if (layer.kind === 'experts') return mixtureForms(`${block}.mlp`, found.part, spec);
  return named(spec, config);
}

function projectedRows(layer: DeltaNetConfig): (readonly [number, number])[] {
  const { keyHeads, keySize } = layer;
  const values = (layer.valueHeads / keyHeads) * layer.valueSize;
  const stride = 2 * keySize + 2 * values;
  return rowsByPart(keyHeads, stride, [
    [0, keySize],
    [keySize, keySize],
    [2 * keySize, values],
    [2 * keySize + values, values],
  ]);
}

function stepRows({ keyHeads, valueHeads }: DeltaNetConfig): (readonly [number, number])[] {
  const shared = valueHeads / keyHeads;
  return rowsByPart(keyHeads, 2 * shared, [
    [0, shared],
    [shared, shared],
  ]);
}

/** Ranges of rows, part by part, of a matrix that has them head by head. */
function rowsByPart(
  heads: number,
  stride: number,
  parts: readonly (readonly [offset: number, rows: number])[],
): (readonly [number, number])[] {
  return parts.flatMap(([offset, rows]) =>
    Array.from({ length: heads }, (_, head) => [head * stride + offset, rows] as const),
  );
}

function mixtureForms(module: string, part: string, spec: ParameterSpec): readonly StoredForm[] {
  const [first, second] = part.split('.');
  const whole = (name: string): readonly StoredForm[] => [wholeTensor(`${module}.${name}`, spec.shape)];
  switch (first) {
    case 'experts':
      return expertForms(`${module}.experts`, second!, spec.shape);
    case 'router':
      return whole('gate.weight');
    case 'sharedGate':
      return whole('shared_expert_gate.weight');
    default:
      return whole(`shared_expert.${second}_proj.weight`);
  }
}
