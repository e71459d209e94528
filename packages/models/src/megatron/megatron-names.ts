import type { MegatronSizes } from './megatron-sizes.js';
import {
  byColumns,
  byRows,
  type MergedTensor,
  ofQueryGroups,
  replicated,
  type ShardedTensor,
} from './shard-layout.js';

/** Tensors of transformers' layout that a tensor of Megatron's holds; `undefined` for a name that is not known. */
export function mergedTensors(
  tensor: ShardedTensor,
  sizes: MegatronSizes,
): Readonly<Record<string, MergedTensor>> | undefined {
  const rows = (): MergedTensor => byRows(tensor, [tensor.shape[0]!]);
  switch (tensor.name) {
    case 'embedding.word_embeddings.weight':
      return { 'backbone.embeddings.weight': rows() };
    case 'output_layer.weight':
      return { 'lm_head.weight': rows() };
    case 'decoder.final_norm.weight':
    case 'decoder.final_layernorm.weight':
      return { 'backbone.norm_f.weight': replicated(tensor) };
  }
  const match = /^decoder\.layers\.(\d+)\.(.+)$/.exec(tensor.name);
  if (!match) return undefined;
  const layer = `backbone.layers.${match[1]}`;
  const part = match[2]!;
  if (layerNorms.includes(part)) return { [`${layer}.norm.weight`]: replicated(tensor) };
  const mixer = `${layer}.mixer`;
  if (part.startsWith('mixer.')) return mambaTensor(mixer, part.slice('mixer.'.length), tensor, sizes);
  if (part.startsWith('self_attention.')) return attentionTensor(mixer, part, tensor, sizes);
  return mlpTensor(mixer, part, tensor);
}

/** Norms before a layer: fused into its first projection, or modules of their own. */
const layerNorms = [
  'mixer.in_proj.layer_norm_weight',
  'self_attention.linear_qkv.layer_norm_weight',
  'mlp.linear_fc1.layer_norm_weight',
  'norm.weight',
  'input_layernorm.weight',
  'pre_mlp_layernorm.weight',
];

function mambaTensor(
  mixer: string,
  part: string,
  tensor: ShardedTensor,
  sizes: MegatronSizes,
): Readonly<Record<string, MergedTensor>> | undefined {
  const { inner, maps, heads } = sizes.onEachRank;
  const name = `${mixer}.${part.replace(/^conv1d_/, 'conv1d.')}`;
  switch (part) {
    case 'in_proj.weight':
    case 'in_proj.bias':
      return { [name]: byRows(tensor, [inner, inner, maps, maps, heads]) };
    case 'conv1d.weight':
    case 'conv1d.bias':
    case 'conv1d_weight':
    case 'conv1d_bias':
      return { [name]: byRows(tensor, [inner, maps, maps]) };
    case 'dt_bias':
    case 'A_log':
    case 'D':
      return { [name]: byRows(tensor, [heads]) };
    case 'norm.weight':
      return { [name]: byRows(tensor, [inner]) };
    case 'out_proj.weight':
      return { [name]: byColumns(tensor) };
    case 'out_proj.bias':
      return { [name]: replicated(tensor) };
    default:
      return undefined;
  }
}

function attentionTensor(
  mixer: string,
  part: string,
  tensor: ShardedTensor,
  sizes: MegatronSizes,
): Readonly<Record<string, MergedTensor>> | undefined {
  const ending = part.endsWith('.bias') ? 'bias' : 'weight';
  if (part.startsWith('self_attention.linear_qkv.')) {
    const groups = sizes.queryGroups;
    return {
      [`${mixer}.q_proj.${ending}`]: ofQueryGroups(tensor, groups, 'query'),
      [`${mixer}.k_proj.${ending}`]: ofQueryGroups(tensor, groups, 'key'),
      [`${mixer}.v_proj.${ending}`]: ofQueryGroups(tensor, groups, 'value'),
    };
  }
  if (part === 'self_attention.linear_proj.weight') return { [`${mixer}.o_proj.weight`]: byColumns(tensor) };
  if (part === 'self_attention.linear_proj.bias') return { [`${mixer}.o_proj.bias`]: replicated(tensor) };
  return undefined;
}

function mlpTensor(
  mixer: string,
  part: string,
  tensor: ShardedTensor,
): Readonly<Record<string, MergedTensor>> | undefined {
  const rows = (): MergedTensor => byRows(tensor, [tensor.shape[0]!]);
  const columnsOrWhole = (): MergedTensor =>
    part.endsWith('.bias') ? replicated(tensor) : byColumns(tensor);
  const ending = part.endsWith('.bias') ? 'bias' : 'weight';
  const expert =
    /^mlp\.experts\.(?:local_experts\.(\d+)\.linear_fc([12])\.weight|linear_fc([12])\.weight(\d+))$/.exec(
      part,
    );
  if (expert) {
    const [index, matrix] = [expert[1] ?? expert[4], expert[2] ?? expert[3]];
    const up = matrix === '1';
    return {
      [`${mixer}.experts.${index}.${up ? 'up' : 'down'}_proj.weight`]: up ? rows() : byColumns(tensor),
    };
  }
  switch (part.replace(/\.(weight|bias)$/, '')) {
    case 'mlp.linear_fc1':
      return { [`${mixer}.up_proj.${ending}`]: rows() };
    case 'mlp.linear_fc2':
      return { [`${mixer}.down_proj.${ending}`]: columnsOrWhole() };
    case 'mlp.shared_experts.linear_fc1':
      return { [`${mixer}.shared_experts.up_proj.${ending}`]: rows() };
    case 'mlp.shared_experts.linear_fc2':
      return { [`${mixer}.shared_experts.down_proj.${ending}`]: columnsOrWhole() };
    case 'mlp.router':
      return { [`${mixer}.gate.weight`]: replicated(tensor) };
    case 'mlp.router.expert_bias':
      return { [`${mixer}.gate.e_score_correction_bias`]: replicated(tensor) };
    case 'mlp.fc1_latent_proj':
    case 'mlp.fc2_latent_proj':
      return { [`${mixer}.${part.slice('mlp.'.length)}`]: replicated(tensor) };
    default:
      return undefined;
  }
}
