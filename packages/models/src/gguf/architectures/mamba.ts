import { commonFields, commonJson, epsilonOf, firstOf } from '../fields/block-fields.js';
import { innerEpsilonFields, innerEpsilonKey, mambaFields } from '../fields/mamba-fields.js';
import { flag, type GgufArchitecture, whole } from '../gguf-architecture.js';
import { mambaRows } from '../layout/layer-rows.js';

/** Fields that readers of the format want and models without attention and MLPs have no use for. */
export const unusedFields = { feed_forward_length: whole(0), 'attention.head_count': whole(0) } as const;

/** Mamba, and Falcon Mamba, which normalises time step, B and C. */
export const mambaArchitecture: GgufArchitecture = {
  name: 'mamba',
  families: ['mamba', 'falcon_mamba'],
  layout: { layersPerBlock: 1, norms: ['attn_norm.weight'], layers: { mamba: mambaRows } },
  readConfig(metadata, facts) {
    const epsilon = epsilonOf(metadata);
    const isNormed = metadata.flag('{arch}.ssm.dt_b_c_rms') ?? false;
    return {
      ...commonJson(metadata, facts),
      model_type: isNormed ? 'falcon_mamba' : 'mamba',
      state_size: metadata.size('{arch}.ssm.state_size'),
      conv_kernel: metadata.size('{arch}.ssm.conv_kernel'),
      expand: metadata.size('{arch}.ssm.inner_size') / metadata.size('{arch}.embedding_length'),
      time_step_rank: metadata.size('{arch}.ssm.time_step_rank'),
      layer_norm_epsilon: epsilon,
      ...(isNormed && { mixer_rms_eps: metadata.number(innerEpsilonKey) ?? epsilon }),
      use_bias: false,
      use_conv_bias: facts.has('blk.0.ssm_conv1d.bias'),
    };
  },
  writeFields(config) {
    const layer = firstOf(config.layers, 'mamba');
    const { epsilon } = config.norm;
    return {
      fields: {
        ...unusedFields,
        ...commonFields(config, config.layers.length),
        ...(layer && mambaFields(layer)),
        'ssm.dt_b_c_rms': flag(layer?.innerNorms !== undefined),
      },
      own: innerEpsilonFields(layer?.innerNorms?.epsilon ?? epsilon, epsilon),
    };
  },
};
