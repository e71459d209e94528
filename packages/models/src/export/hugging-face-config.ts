import { HybraError } from '@hybra/spec';
import type { HybridConfig } from '../config/hybrid-config.js';
import type { LayerConfig, Mamba2Config, MambaConfig } from '../config/layer-configs.js';
import { bambaConfig } from './bamba-config.js';

/**
 * The `config.json` of transformers for a model in the layout of mamba_ssm.
 * @throws E_CONFIG for a model that transformers has no class for
 */
export function huggingFaceConfig(config: HybridConfig): Record<string, unknown> {
  const [first] = config.layers;
  const kinds = new Set(config.layers.map((layer) => layer.kind));
  const isUniform = config.layers.every((layer) => sameLayer(layer, first!));
  if (isUniform && config.norm.kind === 'rms') {
    if (first!.kind === 'mamba') return mambaConfig(config, first!);
    if (first!.kind === 'mamba2') return mamba2Config(config, first!);
  }
  const bamba = bambaConfig(config);
  if (bamba) return bamba;
  throw new HybraError(
    'E_CONFIG',
    `convert: transformers has no class for a model of ${[...kinds].join(', ')} layers with ${config.norm.kind === 'rms' ? 'RMSNorm' : 'LayerNorm'} as this one has them. Expected Mamba or Mamba-2 layers alone, or Mamba-2 with attention and an MLP after each, with RMSNorm.`,
    { kinds: [...kinds] },
  );
}

function sameLayer(a: LayerConfig, b: LayerConfig): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function common(config: HybridConfig): Record<string, unknown> {
  return {
    vocab_size: config.vocabularySize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.layers.length,
    layer_norm_epsilon: config.norm.epsilon,
    hidden_act: 'silu',
    tie_word_embeddings: config.isTied,
    residual_in_fp32: true,
  };
}

function mambaConfig(config: HybridConfig, layer: MambaConfig): Record<string, unknown> {
  return {
    architectures: ['MambaForCausalLM'],
    model_type: 'mamba',
    ...common(config),
    expand: layer.innerSize / config.hiddenSize,
    intermediate_size: layer.innerSize,
    state_size: layer.stateSize,
    time_step_rank: layer.timeStepRank,
    conv_kernel: layer.kernelSize,
    use_bias: layer.projectionBias,
    use_conv_bias: layer.convolutionBias,
  };
}

function mamba2Config(config: HybridConfig, layer: Mamba2Config): Record<string, unknown> {
  const isPlain = layer.gatedNorm === undefined && !layer.skipPerChannel && !layer.normBeforeGate;
  if (!isPlain) {
    throw new HybraError(
      'E_CONFIG',
      'convert: transformers has no Mamba-2 without its gated norm, with the norm before the gate, or with a skip per channel.',
      {},
    );
  }
  const [low, high] = layer.timeStepLimit;
  return {
    architectures: ['Mamba2ForCausalLM'],
    model_type: 'mamba2',
    ...common(config),
    expand: (layer.heads * layer.headSize) / config.hiddenSize,
    num_heads: layer.heads,
    head_dim: layer.headSize,
    state_size: layer.stateSize,
    n_groups: layer.groups,
    conv_kernel: layer.kernelSize,
    chunk_size: layer.chunkSize,
    use_bias: layer.projectionBias,
    use_conv_bias: layer.convolutionBias,
    // As transformers 5 writes an infinite bound.
    time_step_limit: [low, high === Number.POSITIVE_INFINITY ? { __float__: 'Infinity' } : high],
  };
}
