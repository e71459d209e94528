import type { HybridConfig } from '../config/hybrid-config.js';
import { blocksOfConfig } from './blocks-of-config.js';

/**
 * The `config.json` of transformers' Bamba for a model of mamba_ssm with Mamba-2, attention and an MLP in every block:
 * what transformers' own conversion writes. `undefined` for any other; what Bamba cannot say is left out, and the
 * caller compares.
 */
export function bambaConfig(config: HybridConfig): Record<string, unknown> | undefined {
  const blocks = blocksOfConfig(config);
  const mamba2 = blocks?.mixers.find((layer) => layer.kind === 'mamba2');
  const attention = blocks?.mixers.find((layer) => layer.kind === 'attention');
  if (!blocks?.mlp || !mamba2 || !attention) return undefined;
  const [low, high] = mamba2.timeStepLimit;
  return {
    architectures: ['BambaForCausalLM'],
    model_type: 'bamba',
    vocab_size: config.vocabularySize,
    hidden_size: config.hiddenSize,
    intermediate_size: blocks.mlp.innerSize,
    hidden_act: blocks.mlp.activation,
    num_hidden_layers: blocks.mixers.length,
    num_attention_heads: attention.heads,
    num_key_value_heads: attention.keyValueHeads,
    head_dim: attention.headSize,
    attention_bias: attention.bias,
    attn_layer_indices: blocks.mixers.flatMap((layer, index) => (layer.kind === 'attention' ? [index] : [])),
    attn_rotary_emb: attention.rope?.rotarySize ?? attention.headSize / 2,
    rope_theta: attention.rope?.theta ?? 10_000,
    mamba_n_heads: mamba2.heads,
    mamba_d_head: mamba2.headSize,
    mamba_n_groups: mamba2.groups,
    mamba_d_state: mamba2.stateSize,
    mamba_d_conv: mamba2.kernelSize,
    mamba_expand: (mamba2.heads * mamba2.headSize) / config.hiddenSize,
    mamba_chunk_size: mamba2.chunkSize,
    mamba_conv_bias: mamba2.convolutionBias,
    mamba_proj_bias: mamba2.projectionBias,
    mlp_bias: blocks.mlp.bias,
    rms_norm_eps: config.norm.epsilon,
    time_step_limit: [low, high === Number.POSITIVE_INFINITY ? { __float__: 'Infinity' } : high],
    tie_word_embeddings: config.isTied,
  };
}
