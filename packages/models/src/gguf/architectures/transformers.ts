import type { HybridConfig } from '../../config/hybrid-config.js';
import { headFields, headsJson } from '../fields/attention-fields.js';
import { commonFields, commonJson, epsilonOf, firstOf, mixersAndMlps } from '../fields/block-fields.js';
import { refuseExperts } from '../fields/experts-fields.js';
import { ropeFields } from '../fields/rope-fields.js';
import { ropeJson } from '../fields/rope-json.js';
import { type GgufArchitecture, type TensorFacts, type WrittenFields, whole } from '../gguf-architecture.js';
import type { GgufMetadata } from '../gguf-metadata.js';
import { attentionRows, mlpRows, pairedAttentionRows } from '../layout/layer-rows.js';

const layout = {
  layersPerBlock: 2,
  norms: ['attn_norm.weight', 'ffn_norm.weight'],
  layers: { attention: attentionRows, mlp: mlpRows },
} as const;

/** The keys that the families share. */
function readTransformer(metadata: GgufMetadata, facts: TensorFacts): Record<string, unknown> {
  refuseExperts(metadata);
  const heads = headsJson(metadata);
  return {
    ...commonJson(metadata, facts),
    ...heads,
    ...ropeJson(metadata, facts, heads.head_dim),
    intermediate_size: metadata.size('{arch}.feed_forward_length'),
    max_position_embeddings: metadata.size('{arch}.context_length'),
    rms_norm_eps: epsilonOf(metadata),
  };
}

function writeTransformer(config: HybridConfig, hasDivisors = false): WrittenFields {
  const { mixers, mlps } = mixersAndMlps(config);
  const attention = firstOf(mixers, 'attention');
  const { fields, tensors } = attention?.rope ? ropeFields(attention.rope, { hasDivisors }) : { fields: {} };
  return {
    fields: {
      ...commonFields(config, mixers.length),
      ...headFields(mixers, attention),
      ...fields,
      feed_forward_length: whole(firstOf(mlps, 'mlp')?.innerSize ?? 0),
      ...(attention?.window !== undefined && { 'attention.sliding_window': whole(attention.window) }),
    },
    ...(tensors && { tensors }),
  };
}

/** The window of a Qwen's blocks, which is one for all of them. */
function windowJson(metadata: GgufMetadata): Record<string, unknown> {
  const window = metadata.optionalSize('{arch}.attention.sliding_window');
  return window === undefined
    ? {}
    : { use_sliding_window: true, sliding_window: window, max_window_layers: 0 };
}

/** Llama, and Mistral, which has a window. Rotates neighbours. */
export const llamaArchitecture: GgufArchitecture = {
  name: 'llama',
  families: ['llama', 'mistral'],
  layout: { ...layout, layers: { ...layout.layers, attention: pairedAttentionRows } },
  readConfig(metadata, facts) {
    const shared = readTransformer(metadata, facts);
    const rotated = metadata.optionalSize('{arch}.rope.dimension_count');
    if (rotated !== undefined && rotated !== shared.head_dim) {
      throw metadata.wrong('{arch}.rope.dimension_count', `${String(shared.head_dim)}, whole heads`);
    }
    const window = metadata.optionalSize('{arch}.attention.sliding_window');
    if (window !== undefined) return { ...shared, model_type: 'mistral', sliding_window: window };
    return {
      ...shared,
      model_type: 'llama',
      attention_bias: facts.has('blk.0.attn_q.bias'),
      mlp_bias: facts.has('blk.0.ffn_up.bias'),
    };
  },
  writeFields: (config) => writeTransformer(config, true),
};

/** Qwen2: biases of queries, keys and values. */
export const qwen2Architecture: GgufArchitecture = {
  name: 'qwen2',
  families: ['qwen2'],
  layout,
  readConfig: (metadata, facts) => ({
    ...readTransformer(metadata, facts),
    ...windowJson(metadata),
    model_type: 'qwen2',
  }),
  writeFields: (config) => writeTransformer(config),
};

/** Qwen3: norms of each head's queries and keys. */
export const qwen3Architecture: GgufArchitecture = {
  name: 'qwen3',
  families: ['qwen3'],
  layout,
  readConfig: (metadata, facts) => ({
    ...readTransformer(metadata, facts),
    ...windowJson(metadata),
    model_type: 'qwen3',
    attention_bias: facts.has('blk.0.attn_q.bias'),
  }),
  writeFields: (config) => writeTransformer(config),
};
