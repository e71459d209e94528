import { commonFields, commonJson, epsilonOf, firstOf } from '../fields/block-fields.js';
import { mamba2Fields, mamba2Sizes, timeStepFields, timeStepLimit } from '../fields/mamba-fields.js';
import type { GgufArchitecture } from '../gguf-architecture.js';
import { mamba2Rows } from '../layout/layer-rows.js';
import { unusedFields } from './mamba.js';

/** Mamba-2. */
export const mamba2Architecture: GgufArchitecture = {
  name: 'mamba2',
  families: ['mamba2'],
  layout: { layersPerBlock: 1, norms: ['attn_norm.weight'], layers: { mamba2: mamba2Rows } },
  readConfig(metadata, facts) {
    const { inner, heads, headSize, stateSize, groups, kernelSize } = mamba2Sizes(metadata);
    const limit = timeStepLimit(metadata);
    return {
      ...commonJson(metadata, facts),
      model_type: 'mamba2',
      num_heads: heads,
      head_dim: headSize,
      state_size: stateSize,
      conv_kernel: kernelSize,
      n_groups: groups,
      expand: inner / metadata.size('{arch}.embedding_length'),
      layer_norm_epsilon: epsilonOf(metadata),
      ...(limit && { time_step_limit: limit }),
      use_bias: false,
      use_conv_bias: facts.has('blk.0.ssm_conv1d.bias'),
    };
  },
  writeFields(config) {
    const layer = firstOf(config.layers, 'mamba2');
    return {
      fields: {
        ...unusedFields,
        ...commonFields(config, config.layers.length),
        ...(layer && mamba2Fields(layer)),
      },
      ...(layer && { own: timeStepFields(layer) }),
    };
  },
};
