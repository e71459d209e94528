import type { Mamba2Config } from '../../config/layer-configs.js';
import { type GgufArchitecture, real, type TensorRow, whole } from '../gguf-architecture.js';
import { mambaRows, onlyLayer, unusedFields } from './mamba.js';

/** Rows of a Mamba-2 layer, and those outside layers. */
export const mamba2Rows: readonly TensorRow[] = [
  ...mambaRows,
  ['backbone.layers.{l}.mixer.dt_bias', 'blk.{l}.ssm_dt.bias'],
  ['backbone.layers.{l}.mixer.A_log', 'blk.{l}.ssm_a', 'decayColumn'],
  ['backbone.layers.{l}.mixer.D', 'blk.{l}.ssm_d', 'column'],
  ['backbone.layers.{l}.mixer.norm.weight', 'blk.{l}.ssm_norm.weight', 'groups'],
];

/** Fields of Mamba-2 layers. */
export function mamba2Fields(layer: Mamba2Config): Record<string, ReturnType<typeof whole>> {
  return {
    'ssm.conv_kernel': whole(layer.kernelSize),
    'ssm.inner_size': whole(layer.heads * layer.headSize),
    'ssm.state_size': whole(layer.stateSize),
    'ssm.time_step_rank': whole(layer.heads), // the number of heads, by convention
    'ssm.group_count': whole(layer.groups),
  };
}

/** Key of the bounds of the time step, which readers of the format do not know and do not apply. */
export const timeStepLimitKey = 'hybra.time_step_limit';

/** Mamba-2. */
export const mamba2Architecture: GgufArchitecture = {
  name: 'mamba2',
  families: ['mamba2'],
  rows: mamba2Rows,
  sizes: (metadata) => ({ groups: metadata.size('{arch}.ssm.group_count') }),
  readConfig(metadata, { has, vocabularySize }) {
    const hiddenSize = metadata.size('{arch}.embedding_length');
    const inner = metadata.size('{arch}.ssm.inner_size');
    const heads = metadata.size('{arch}.ssm.time_step_rank');
    const limit = metadata.numbers(timeStepLimitKey);
    return {
      model_type: 'mamba2',
      hidden_size: hiddenSize,
      vocab_size: vocabularySize,
      num_hidden_layers: metadata.size('{arch}.block_count'),
      num_heads: heads,
      head_dim: inner / heads,
      state_size: metadata.size('{arch}.ssm.state_size'),
      conv_kernel: metadata.size('{arch}.ssm.conv_kernel'),
      n_groups: metadata.size('{arch}.ssm.group_count'),
      expand: inner / hiddenSize,
      layer_norm_epsilon: metadata.number('{arch}.attention.layer_norm_rms_epsilon') ?? 1e-5,
      ...(limit && { time_step_limit: limit }),
      use_bias: false,
      use_conv_bias: has('blk.0.ssm_conv1d.bias'),
      tie_word_embeddings: !has('output.weight'),
    };
  },
  writeFields(config) {
    const layer = onlyLayer(config, 'mamba2');
    const [low, high] = layer.timeStepLimit;
    const isLimited = low > 0 || high < Number.POSITIVE_INFINITY;
    return {
      fields: {
        ...unusedFields,
        embedding_length: whole(config.hiddenSize),
        block_count: whole(config.layers.length),
        ...mamba2Fields(layer),
        'attention.layer_norm_rms_epsilon': real(config.norm.epsilon),
      },
      ...(isLimited && { own: { [timeStepLimitKey]: { type: 'array', of: 'f32', value: [low, high] } } }),
      sizes: { groups: layer.groups },
    };
  },
};
