import { HybraError } from '@hybra/spec';
import type { HybridConfig } from '../../config/hybrid-config.js';
import { type GgufArchitecture, outerRows, real, type TensorRow, whole } from '../gguf-architecture.js';

/** Rows that both Mambas have. */
export const mambaRows: readonly TensorRow[] = [
  ...outerRows({ embedding: 'backbone.embeddings.weight', norm: 'backbone.norm_f.weight' }),
  ['backbone.layers.{l}.norm.weight', 'blk.{l}.attn_norm.weight'],
  ['backbone.layers.{l}.mixer.in_proj.weight', 'blk.{l}.ssm_in.weight'],
  ['backbone.layers.{l}.mixer.conv1d.weight', 'blk.{l}.ssm_conv1d.weight', 'taps'],
  ['backbone.layers.{l}.mixer.conv1d.bias', 'blk.{l}.ssm_conv1d.bias'],
  ['backbone.layers.{l}.mixer.out_proj.weight', 'blk.{l}.ssm_out.weight'],
];

/** Fields that readers of the format want and these models have no use for. */
export const unusedFields = {
  context_length: whole(2 ** 20),
  feed_forward_length: whole(0),
  'attention.head_count': whole(0),
} as const;

/** The layers of a configuration, all of one kind. @throws E_CONFIG */
export function onlyLayer<Kind extends HybridConfig['layers'][number]['kind']>(
  config: HybridConfig,
  kind: Kind,
): Extract<HybridConfig['layers'][number], { kind: Kind }> {
  const [first] = config.layers;
  if (first?.kind !== kind) {
    throw new HybraError('E_CONFIG', `GGUF: ${config.family} has no layer of kind ${kind}.`, { kind });
  }
  return first as Extract<HybridConfig['layers'][number], { kind: Kind }>;
}

/** Mamba, and Falcon Mamba, which normalises time step, B and C. */
export const mambaArchitecture: GgufArchitecture = {
  name: 'mamba',
  families: ['mamba', 'falcon_mamba'],
  rows: [
    ...mambaRows,
    ['backbone.layers.{l}.mixer.x_proj.weight', 'blk.{l}.ssm_x.weight'],
    ['backbone.layers.{l}.mixer.dt_proj.weight', 'blk.{l}.ssm_dt.weight'],
    ['backbone.layers.{l}.mixer.dt_proj.bias', 'blk.{l}.ssm_dt.bias'],
    ['backbone.layers.{l}.mixer.A_log', 'blk.{l}.ssm_a', 'decay'],
    ['backbone.layers.{l}.mixer.D', 'blk.{l}.ssm_d'],
  ],
  sizes: () => ({}),
  readConfig(metadata, { has, vocabularySize }) {
    const hiddenSize = metadata.size('{arch}.embedding_length');
    const epsilon = metadata.number('{arch}.attention.layer_norm_rms_epsilon') ?? 1e-5;
    const isNormed = metadata.flag('{arch}.ssm.dt_b_c_rms') ?? false;
    return {
      model_type: isNormed ? 'falcon_mamba' : 'mamba',
      hidden_size: hiddenSize,
      vocab_size: vocabularySize,
      num_hidden_layers: metadata.size('{arch}.block_count'),
      state_size: metadata.size('{arch}.ssm.state_size'),
      conv_kernel: metadata.size('{arch}.ssm.conv_kernel'),
      expand: metadata.size('{arch}.ssm.inner_size') / hiddenSize,
      time_step_rank: metadata.size('{arch}.ssm.time_step_rank'),
      layer_norm_epsilon: epsilon,
      ...(isNormed && { mixer_rms_eps: epsilon }),
      use_bias: false,
      use_conv_bias: has('blk.0.ssm_conv1d.bias'),
      tie_word_embeddings: !has('output.weight'),
    };
  },
  writeFields(config) {
    const layer = onlyLayer(config, 'mamba');
    if (
      layer.innerNorms?.hasWeights ||
      (layer.innerNorms && layer.innerNorms.epsilon !== config.norm.epsilon)
    ) {
      throw new HybraError(
        'E_CONFIG',
        'GGUF: norms of time step, B and C need the epsilon of the other norms, and no weights.',
        { family: config.family },
      );
    }
    return {
      fields: {
        ...unusedFields,
        embedding_length: whole(config.hiddenSize),
        block_count: whole(config.layers.length),
        'ssm.conv_kernel': whole(layer.kernelSize),
        'ssm.inner_size': whole(layer.innerSize),
        'ssm.state_size': whole(layer.stateSize),
        'ssm.time_step_rank': whole(layer.timeStepRank),
        'ssm.dt_b_c_rms': { type: 'bool', value: layer.innerNorms !== undefined },
        'attention.layer_norm_rms_epsilon': real(config.norm.epsilon),
      },
      sizes: {},
    };
  },
};
