/** A `config.json`. */
export type Json = Readonly<Record<string, unknown>>;

/** A small model of its family. */
export const base = {
  hidden_size: 64,
  vocab_size: 40,
  num_hidden_layers: 2,
  intermediate_size: 96,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
} as const;
/** A small model of its family. */
export const nemotron = {
  model_type: 'nemotron_h',
  hidden_size: 64,
  vocab_size: 40,
  layers_block_type: ['mamba', 'moe', 'attention', 'moe'],
  mamba_num_heads: 8,
  mamba_head_dim: 16,
  ssm_state_size: 16,
  n_groups: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  n_routed_experts: 8,
  num_experts_per_tok: 2,
  moe_intermediate_size: 32,
  moe_shared_expert_intermediate_size: 48,
  routed_scaling_factor: 2.5,
} as const;
/** A small model of its family. */
export const jamba = {
  ...base,
  model_type: 'jamba',
  attn_layer_period: 2,
  attn_layer_offset: 1,
  mamba_d_state: 16,
};
/** A small model of its family. */
export const falcon = {
  ...base,
  model_type: 'falcon_h1',
  head_dim: 16,
  mamba_d_ssm: 96,
  mamba_n_heads: 6,
  mamba_n_groups: 2,
  mamba_d_state: 16,
  ssm_multipliers: [0.5, 1.5, 0.7, 0.9, 1.1],
  mlp_multipliers: [0.5, 2],
  key_multiplier: 0.4,
  ssm_in_multiplier: 1.2,
  attention_in_multiplier: 0.8,
  lm_head_multiplier: 0.5,
  embedding_multiplier: 2,
};
const mamba2Keys = { mamba_n_heads: 8, mamba_d_state: 16 };
/** A small model of its family. */
export const granite = {
  ...base,
  ...mamba2Keys,
  model_type: 'granitemoehybrid',
  layer_types: ['attention', 'mamba'],
  num_local_experts: 0,
  num_experts_per_tok: 0,
  shared_intermediate_size: 96,
};
/** A small model of its family. */
export const bamba = {
  ...base,
  ...mamba2Keys,
  model_type: 'bamba',
  attn_layer_indices: [1],
  attn_rotary_emb: 8,
  mamba_n_groups: 2,
};
/** A small model of its family. */
export const qwen3Next = {
  ...base,
  model_type: 'qwen3_next',
  full_attention_interval: 2,
  head_dim: 32,
  linear_num_key_heads: 2,
  linear_num_value_heads: 6,
  linear_key_head_dim: 16,
  linear_value_head_dim: 16,
  num_experts: 4,
  num_experts_per_tok: 2,
  moe_intermediate_size: 32,
  shared_expert_intermediate_size: 48,
};
/** A small model of its family. */
export const llama3 = {
  rope_theta: 100,
  rope_scaling: {
    rope_type: 'llama3',
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 16,
  },
};
const yarn = { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 16 };

/** What the goldens do not have. */
export const readable: Readonly<Record<string, Json>> = {
  'nemotron_h with experts': nemotron,
  'nemotron_h with latent experts in groups': {
    ...nemotron,
    moe_latent_size: 32,
    n_group: 2,
    topk_group: 1,
    norm_topk_prob: false,
  },
  'nemotron_h with biases of MLPs': {
    ...nemotron,
    layers_block_type: ['mamba', 'mlp', 'attention'],
    intermediate_size: 96,
    mlp_bias: true,
  },
  'jamba without experts': { ...jamba, num_experts: 1, num_experts_per_tok: 1 },
  'jamba with few experts': {
    ...jamba,
    num_hidden_layers: 5,
    expert_layer_period: 3,
    expert_layer_offset: 1,
    num_experts: 4,
  },
  'jamba with one block of experts': {
    ...jamba,
    expert_layer_period: 9,
    expert_layer_offset: 1,
    num_experts: 4,
  },
  falcon_h1: falcon,
  'falcon_h1 with norm and biases': {
    ...falcon,
    mamba_rms_norm: true,
    mamba_norm_before_gate: false,
    attention_bias: true,
    mlp_bias: true,
  },
  'granite with positions and biases': {
    ...granite,
    ...llama3,
    attention_bias: true,
    position_embedding_type: 'rope',
    attention_multiplier: 0.3,
  },
  'bamba with groups and half of its heads rotated': {
    ...bamba,
    attention_bias: true,
    mlp_bias: true,
    time_step_limit: [0.01, 0.08],
  },
  'lfm2 with a head': {
    ...base,
    model_type: 'lfm2',
    layer_types: ['conv', 'full_attention'],
    conv_L_cache: 4,
    tie_word_embeddings: false,
  },
  'qwen3_next tied': { ...qwen3Next, tie_word_embeddings: true },
  'falcon_mamba with an epsilon of its own': {
    model_type: 'falcon_mamba',
    hidden_size: 64,
    vocab_size: 40,
    num_hidden_layers: 2,
    mixer_rms_eps: 1e-3,
  },
  "llama with Llama 3's positions": { ...base, ...llama3, model_type: 'llama' },
  'llama with linear positions': {
    ...base,
    model_type: 'llama',
    rope_scaling: { rope_type: 'linear', factor: 4 },
  },
  'llama with LongRoPE': {
    ...base,
    model_type: 'llama',
    rope_scaling: {
      rope_type: 'longrope',
      short_factor: [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7],
      long_factor: [1, 1, 1, 1, 1, 1, 1, 1],
      original_max_position_embeddings: 64,
    },
  },
  'qwen3 with YaRN': { ...base, model_type: 'qwen3', head_dim: 32, rope_theta: 1000, rope_scaling: yarn },
  'qwen2 with YaRN of its own and a window': {
    ...base,
    model_type: 'qwen2',
    rope_theta: 1000,
    rope_scaling: { ...yarn, attention_factor: 1.3, beta_fast: 16, beta_slow: 2 },
    use_sliding_window: true,
    sliding_window: 3,
    max_window_layers: 0,
  },
};
