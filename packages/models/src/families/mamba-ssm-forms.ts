import type { HybridConfig } from '../config/hybrid-config.js';
import type { AttentionConfig, LayerConfig, Mamba2Config, MlpConfig } from '../config/layer-configs.js';
import type { ParameterSpec } from '../config/parameter-spec.js';
import { halfOfRows } from './expert-forms.js';
import { layerParameter, partOnDisk } from './part-names.js';
import { columnsOf, rowsOf, type StoredForm, tensorShape, wholeTensor } from './stored-form.js';

/**
 * How the parameters of mamba_ssm lie on disk: `backbone.layers.{block}.{norm, mixer, norm2, mlp}`. Attention has its
 * projections in one matrix, q | k | v | up | gate, and an MLP beside Mamba-2 lies in that layer's, z0 | x0 | ….
 */
export function mambaSsmForms(spec: ParameterSpec, config: HybridConfig): readonly StoredForm[] {
  const whole = (...names: string[]): StoredForm[] =>
    names.map((name) => wholeTensor(name, tensorShape(spec)));
  if (spec.name === 'embedding.weight')
    return whole('backbone.embedding.weight', 'backbone.embeddings.weight');
  if (spec.name === 'head.weight') return whole('lm_head.weight');
  if (spec.name.startsWith('finalNorm.')) return whole(spec.name.replace('finalNorm', 'backbone.norm_f'));
  const { layer, isNorm, part } = layerParameter(spec.name)!;
  // Blocks have an MLP of their own in all layers or in none.
  const perBlock = config.layers.some(({ kind }) => kind === 'mlp') ? 2 : 1;
  const block = `backbone.layers.${Math.floor(layer / perBlock)}`;
  const isMlp = layer % perBlock === 1;
  if (isNorm) return whole(`${block}.${isMlp ? 'norm2' : 'norm'}.${part}`);
  if (isMlp) return [mlpForm(block, part, spec)];
  return [mixerForm(`${block}.mixer`, config.layers[layer]!, part, spec)];
}

function mlpForm(block: string, part: string, spec: ParameterSpec): StoredForm {
  if (part === 'down.weight') return wholeTensor(`${block}.mlp.fc2.weight`, spec.shape);
  // fc1 is up | gate.
  return halfOfRows(`${block}.mlp.fc1.weight`, part === 'up.weight' ? 0 : 1, spec.shape);
}

function mixerForm(module: string, layer: LayerConfig, part: string, spec: ParameterSpec): StoredForm {
  if (layer.kind === 'attention') return attentionForm(module, { attention: layer }, part, spec);
  if (layer.kind !== 'parallel') return wholeTensor(`${module}.${partOnDisk(part)}`, tensorShape(spec));
  const layers = Object.fromEntries(layer.branches.map((branch) => [branch.layer.kind, branch.layer]));
  const mlp = layers.mlp as MlpConfig;
  const { attention, mamba2 } = layers as { attention?: AttentionConfig; mamba2?: Mamba2Config };
  if (mamba2) return besideMamba2(module, { mlp, mamba2, part }, spec);
  return attentionForm(module, { attention: attention!, mlp }, part.slice(part.indexOf('.') + 1), spec);
}

/** Attention, and the MLP that may lie in its projections behind it. */
function attentionForm(
  module: string,
  layers: { readonly attention: AttentionConfig; readonly mlp?: MlpConfig },
  part: string,
  spec: ParameterSpec,
): StoredForm {
  const { attention, mlp } = layers;
  const queries = attention.heads * attention.headSize;
  const keys = attention.keyValueHeads * attention.headSize;
  const inner = mlp?.innerSize ?? 0;
  const rows = queries + 2 * keys + 2 * inner;
  const starts: Readonly<Record<string, number>> = {
    query: 0,
    key: queries,
    value: queries + keys,
    up: queries + 2 * keys,
    gate: queries + 2 * keys + inner,
  };
  const [first, ending] = part.split('.');
  if (first === 'convolution') return wholeTensor(`${module}.conv1d.${ending}`, tensorShape(spec));
  if (first === 'output' || first === 'down') {
    if (ending === 'bias' || !mlp) return wholeTensor(`${module}.out_proj.${ending}`, spec.shape);
    const columns = first === 'output' ? ([0, queries] as const) : ([queries, inner] as const);
    return columnsOf(`${module}.out_proj.weight`, [spec.shape[0]!, queries + inner], columns);
  }
  return rowsOf(
    `${module}.in_proj.${ending}`,
    [rows, ...spec.shape.slice(1)],
    [[starts[first!]!, spec.shape[0]!]],
  );
}

/** Mamba-2 with an MLP before it in both projections: z0 | x0 | z | x | B | C | dt, and silu(z0) · x0 | y. */
function besideMamba2(
  module: string,
  place: { readonly mlp: MlpConfig; readonly mamba2: Mamba2Config; readonly part: string },
  spec: ParameterSpec,
): StoredForm {
  const { mlp, mamba2, part } = place;
  const inner = mlp.innerSize;
  const channels = mamba2.heads * mamba2.headSize;
  const projected = 2 * channels + 2 * mamba2.groups * mamba2.stateSize + mamba2.heads;
  const [rows, columns] = spec.shape as [number, number];
  const inProjection = (first: number): StoredForm =>
    rowsOf(`${module}.in_proj.weight`, [2 * inner + projected, columns], [[first, rows]]);
  const outProjection = (first: number): StoredForm =>
    columnsOf(`${module}.out_proj.weight`, [rows, inner + channels], [first, columns]);
  switch (part) {
    case 'mlp.gate.weight':
      return inProjection(0);
    case 'mlp.up.weight':
      return inProjection(inner);
    case 'mlp.down.weight':
      return outProjection(0);
    case 'mamba2.inProjection.weight':
      return inProjection(2 * inner);
    case 'mamba2.outProjection.weight':
      return outProjection(inner);
    default:
      return wholeTensor(`${module}.${partOnDisk(part.replace(/^mamba2\./, ''))}`, tensorShape(spec));
  }
}
