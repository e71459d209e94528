import { HybraError } from '@hybra/spec';
import type { HybridConfig } from '../../config/hybrid-config.js';
import type { MlpConfig } from '../../config/layer-configs.js';
import { type GgufArchitecture, outerRows, real, type TensorRow, whole } from '../gguf-architecture.js';
import type { GgufMetadata } from '../gguf-metadata.js';
import { onlyLayer } from './mamba.js';

/** Rows of a Transformer of Llama's shape. @param rotates how query and key rows lie */
function transformerRows(rotates: 'halves' | 'pairs'): TensorRow[] {
  const queries = rotates === 'pairs' ? 'queries' : 'same';
  const keys = rotates === 'pairs' ? 'keys' : 'same';
  const projections = (end: string): TensorRow[] => [
    [`model.layers.{l}.self_attn.q_proj.${end}`, `blk.{l}.attn_q.${end}`, queries],
    [`model.layers.{l}.self_attn.k_proj.${end}`, `blk.{l}.attn_k.${end}`, keys],
    [`model.layers.{l}.self_attn.v_proj.${end}`, `blk.{l}.attn_v.${end}`],
    [`model.layers.{l}.self_attn.o_proj.${end}`, `blk.{l}.attn_output.${end}`],
    [`model.layers.{l}.mlp.gate_proj.${end}`, `blk.{l}.ffn_gate.${end}`],
    [`model.layers.{l}.mlp.up_proj.${end}`, `blk.{l}.ffn_up.${end}`],
    [`model.layers.{l}.mlp.down_proj.${end}`, `blk.{l}.ffn_down.${end}`],
  ];
  return [
    ...outerRows({ embedding: 'model.embed_tokens.weight', norm: 'model.norm.weight' }),
    ['model.layers.{l}.input_layernorm.weight', 'blk.{l}.attn_norm.weight'],
    ['model.layers.{l}.post_attention_layernorm.weight', 'blk.{l}.ffn_norm.weight'],
    ['model.layers.{l}.self_attn.q_norm.weight', 'blk.{l}.attn_q_norm.weight'],
    ['model.layers.{l}.self_attn.k_norm.weight', 'blk.{l}.attn_k_norm.weight'],
    ...projections('weight'),
    ...projections('bias'),
  ];
}

function readTransformer(
  metadata: GgufMetadata,
  vocabularySize: number,
  isTied: boolean,
): Record<string, unknown> {
  for (const [key, what] of [
    ['{arch}.expert_count', 'experts'],
    ['{arch}.rope.scaling.factor', 'scaled positions'],
  ] as const) {
    if (key.endsWith('factor') && metadata.text('{arch}.rope.scaling.type') === 'none') continue;
    const value = metadata.number(key);
    if (value !== undefined && value > (key.endsWith('factor') ? 1 : 0)) {
      throw new HybraError(
        'E_CONFIG',
        `GGUF: ${metadata.architecture} with ${what} is not read yet. Use the checkpoint in safetensors.`,
        { key },
      );
    }
  }
  const hiddenSize = metadata.size('{arch}.embedding_length');
  const heads = metadata.size('{arch}.attention.head_count');
  const headSize =
    metadata.optionalSize('{arch}.attention.key_length') ??
    metadata.optionalSize('{arch}.rope.dimension_count') ??
    hiddenSize / heads;
  const rotated = metadata.optionalSize('{arch}.rope.dimension_count') ?? headSize;
  if (rotated !== headSize) throw metadata.wrong('{arch}.rope.dimension_count', `${headSize}, whole heads`);
  return {
    hidden_size: hiddenSize,
    vocab_size: vocabularySize,
    num_hidden_layers: metadata.size('{arch}.block_count'),
    intermediate_size: metadata.size('{arch}.feed_forward_length'),
    num_attention_heads: heads,
    num_key_value_heads: metadata.optionalSize('{arch}.attention.head_count_kv') ?? heads,
    head_dim: headSize,
    max_position_embeddings: metadata.size('{arch}.context_length'),
    rms_norm_eps: metadata.number('{arch}.attention.layer_norm_rms_epsilon') ?? 1e-5,
    rope_theta: metadata.number('{arch}.rope.freq_base') ?? 10_000,
    tie_word_embeddings: isTied,
  };
}

function writeTransformer(config: HybridConfig): ReturnType<GgufArchitecture['writeFields']> {
  const attention = onlyLayer(config, 'attention');
  const mlp = config.layers[1] as MlpConfig;
  const { rope } = attention;
  const isPlain = rope && rope.scaling.kind === 'none' && rope.rotarySize === attention.headSize;
  const windows = new Set(
    config.layers.flatMap((layer) => (layer.kind === 'attention' ? [layer.window] : [])),
  );
  if (!isPlain || mlp.activation !== 'silu' || windows.size > 1) {
    throw new HybraError(
      'E_CONFIG',
      `GGUF: ${config.family} is written with whole heads rotated, without scaled positions, with silu, and with one window for all layers; this model differs.`,
      { family: config.family },
    );
  }
  return {
    fields: {
      context_length: whole(config.contextLength ?? 2048),
      embedding_length: whole(config.hiddenSize),
      block_count: whole(config.layers.length / 2),
      feed_forward_length: whole(mlp.innerSize),
      'attention.head_count': whole(attention.heads),
      'attention.head_count_kv': whole(attention.keyValueHeads),
      'attention.key_length': whole(attention.headSize),
      'attention.value_length': whole(attention.headSize),
      'attention.layer_norm_rms_epsilon': real(config.norm.epsilon),
      'rope.dimension_count': whole(attention.headSize),
      'rope.freq_base': real(rope.theta),
      ...(attention.window !== undefined && { 'attention.sliding_window': whole(attention.window) }),
    },
    sizes: { heads: attention.heads, keyValueHeads: attention.keyValueHeads },
  };
}

function sizesOf(metadata: GgufMetadata): { heads: number; keyValueHeads: number } {
  const heads = metadata.size('{arch}.attention.head_count');
  return { heads, keyValueHeads: metadata.optionalSize('{arch}.attention.head_count_kv') ?? heads };
}

/** Llama, and Mistral, which has a window. The rows of queries and keys are permuted. */
export const llamaArchitecture: GgufArchitecture = {
  name: 'llama',
  families: ['llama', 'mistral'],
  rows: transformerRows('pairs'),
  sizes: sizesOf,
  readConfig(metadata, { has, vocabularySize }) {
    if (has('rope_freqs.weight')) {
      throw new HybraError(
        'E_CONFIG',
        'GGUF: llama with scaled positions (rope_freqs.weight) is not read yet. Use the checkpoint in safetensors.',
        { tensor: 'rope_freqs.weight' },
      );
    }
    const window = metadata.optionalSize('{arch}.attention.sliding_window');
    const shared = readTransformer(metadata, vocabularySize, !has('output.weight'));
    if (window !== undefined) return { ...shared, model_type: 'mistral', sliding_window: window };
    return {
      ...shared,
      model_type: 'llama',
      attention_bias: has('blk.0.attn_q.bias'),
      mlp_bias: has('blk.0.ffn_up.bias'),
    };
  },
  writeFields: writeTransformer,
};

/** Qwen2: biases of queries, keys and values. */
export const qwen2Architecture: GgufArchitecture = {
  name: 'qwen2',
  families: ['qwen2'],
  rows: transformerRows('halves'),
  sizes: sizesOf,
  readConfig: (metadata, { has, vocabularySize }) => ({
    ...readTransformer(metadata, vocabularySize, !has('output.weight')),
    model_type: 'qwen2',
  }),
  writeFields: writeTransformer,
};

/** Qwen3: norms of each head's queries and keys. */
export const qwen3Architecture: GgufArchitecture = {
  name: 'qwen3',
  families: ['qwen3'],
  rows: transformerRows('halves'),
  sizes: sizesOf,
  readConfig: (metadata, { has, vocabularySize }) => ({
    ...readTransformer(metadata, vocabularySize, !has('output.weight')),
    model_type: 'qwen3',
    attention_bias: has('blk.0.attn_q.bias'),
  }),
  writeFields: writeTransformer,
};
