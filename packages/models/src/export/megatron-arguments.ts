import type { SavedValue } from '@hybra/weights';
import type { HybridConfig } from '../config/hybrid-config.js';
import type { ExpertsConfig, LayerConfig } from '../config/layer-configs.js';
import { patternOf } from '../config/pattern-of.js';

/** The command line that a model would have been trained with, by the names of Megatron-LM's `args`. */
export type MegatronArguments = Readonly<Record<string, SavedValue>>;

/**
 * What Megatron-LM's `--use-checkpoint-args` and our reader want to know of a model. What its args cannot say is left
 * out: the caller compares.
 * @param dtype of the weights
 */
export function megatronArguments(config: HybridConfig, dtype: string): MegatronArguments {
  const find = <Kind extends LayerConfig['kind']>(kind: Kind) =>
    config.layers.find((layer): layer is Extract<LayerConfig, { kind: Kind }> => layer.kind === kind);
  const [mamba, attention, mlp, experts] = [
    find('mamba2'),
    find('attention'),
    find('mlp'),
    find('experts'),
  ] as const;
  const contextLength = config.contextLength ?? 4096;
  return {
    num_layers: config.layers.length,
    hybrid_override_pattern: patternOf(config),
    hidden_size: config.hiddenSize,
    ffn_hidden_size: mlp?.innerSize ?? 4 * config.hiddenSize,
    // Of attention and Mamba where a model has none, any that divide.
    num_attention_heads: attention?.heads ?? 1,
    group_query_attention: attention !== undefined && attention.keyValueHeads !== attention.heads,
    num_query_groups: attention?.keyValueHeads ?? 1,
    kv_channels: attention?.headSize ?? config.hiddenSize,
    mamba_num_heads: mamba?.heads ?? 8,
    mamba_head_dim: mamba?.headSize ?? 64,
    mamba_num_groups: mamba?.groups ?? 8,
    mamba_state_dim: mamba?.stateSize ?? 128,
    seq_length: contextLength,
    max_position_embeddings: contextLength,
    position_embedding_type: 'none',
    add_position_embedding: false,
    normalization: 'RMSNorm',
    norm_epsilon: config.norm.epsilon,
    apply_layernorm_1p: false,
    squared_relu: (mlp ?? experts)?.activation === 'relu2',
    swiglu: false,
    add_bias_linear: mlp?.bias ?? false,
    ...(experts && expertArguments(experts)),
    ...(mamba && mamba.timeStepLimit[0] > 0 && { time_step_min: mamba.timeStepLimit[0] }),
    vocab_size: config.vocabularySize,
    padded_vocab_size: config.vocabularySize,
    make_vocab_size_divisible_by:
      [128, 64, 32, 16, 8, 4, 2].find((size) => config.vocabularySize % size === 0) ?? 1,
    untie_embeddings_and_output_weights: !config.isTied,
    tensor_model_parallel_size: 1,
    pipeline_model_parallel_size: 1,
    ...precisionArguments(dtype),
  };
}

/** Megatron-LM's names for the dtype of the weights. */
export function precisionArguments(dtype: string): MegatronArguments {
  return { bf16: dtype === 'bf16', fp16: dtype === 'f16' };
}

function expertArguments(experts: ExpertsConfig): MegatronArguments {
  const { router, shared, latent } = experts;
  return {
    num_experts: experts.experts,
    moe_ffn_hidden_size: experts.innerSize,
    moe_router_topk: experts.chosen,
    moe_router_score_function: router.scores,
    moe_router_enable_expert_bias: router.hasCorrection,
    moe_router_topk_scaling_factor: router.scale,
    ...(router.groups && {
      moe_router_num_groups: router.groups.count,
      moe_router_group_topk: router.groups.chosen,
    }),
    ...(shared && { moe_shared_expert_intermediate_size: shared.innerSize }),
    ...(latent && { moe_latent_size: latent.size }),
    expert_model_parallel_size: 1,
  };
}
