import { headFields, headsJson } from '../fields/attention-fields.js';
import {
  commonFields,
  commonJson,
  epsilonOf,
  firstOf,
  mixersAndMlps,
  perBlock,
} from '../fields/block-fields.js';
import { refuseExperts } from '../fields/experts-fields.js';
import { ropeFields } from '../fields/rope-fields.js';
import { ropeJson } from '../fields/rope-json.js';
import { type GgufArchitecture, whole } from '../gguf-architecture.js';
import { attentionRows, mlpRows } from '../layout/layer-rows.js';

/** LFM2: gated short convolutions, and attention in the blocks that have key-value heads. */
export const lfm2Architecture: GgufArchitecture = {
  name: 'lfm2',
  families: ['lfm2'],
  layout: {
    layersPerBlock: 2,
    finalNorm: 'token_embd_norm.weight',
    norms: ['attn_norm.weight', 'ffn_norm.weight'],
    layers: {
      attention: attentionRows,
      mlp: mlpRows,
      convolution: [
        ['inProjection.weight', 'shortconv.in_proj.weight'],
        ['convolution.weight', 'shortconv.conv.weight'],
        ['outProjection.weight', 'shortconv.out_proj.weight'],
      ],
    },
  },
  readConfig(metadata, facts) {
    refuseExperts(metadata);
    const keyHeads = perBlock(metadata, '{arch}.attention.head_count_kv', 0);
    const heads = headsJson(metadata);
    return {
      ...commonJson(metadata, facts),
      ...heads,
      ...(keyHeads.some((count) => count > 0) && ropeJson(metadata, facts, heads.head_dim)),
      model_type: 'lfm2',
      max_position_embeddings: metadata.size('{arch}.context_length'),
      intermediate_size: metadata.size('{arch}.feed_forward_length'),
      block_auto_adjust_ff_dim: false,
      layer_types: keyHeads.map((count) => (count > 0 ? 'full_attention' : 'conv')),
      conv_L_cache: metadata.size('{arch}.shortconv.l_cache'),
      conv_bias: false,
      norm_eps: epsilonOf(metadata),
    };
  },
  writeFields(config) {
    const { mixers, mlps } = mixersAndMlps(config);
    const attention = firstOf(mixers, 'attention');
    return {
      fields: {
        ...commonFields(config, mixers.length),
        ...headFields(mixers, attention),
        ...(attention?.rope && ropeFields(attention.rope).fields),
        feed_forward_length: whole(firstOf(mlps, 'mlp')?.innerSize ?? 0),
        'shortconv.l_cache': whole(firstOf(mixers, 'convolution')?.kernelSize ?? 3),
      },
    };
  },
};
