import type { HybridConfig, LayerConfig } from '@hybra/models';
import { HybraError } from '@hybra/spec';

type Of<K extends LayerConfig['kind']> = Extract<LayerConfig, { readonly kind: K }>;

/**
 * The `config.json` of a model, in the layout of transformers: `mamba`, `mamba2`, `llama`, or `nemotron_h` for
 * hybrids of Mamba-2, attention without position embedding, and plain MLP.
 * @throws E_CONFIG for a model that none of these layouts holds
 */
export function huggingFaceConfig(config: HybridConfig): Readonly<Record<string, unknown>> {
  const kinds = new Set(config.layers.map(({ kind }) => kind));
  const has = (...names: readonly LayerConfig['kind'][]): boolean =>
    [...kinds].every((kind) => names.includes(kind));
  if (config.norm.kind !== 'rms' || config.norm.isCentred)
    throw unsupported(config, 'its norm is no plain RMSNorm');
  const common = {
    vocab_size: config.vocabularySize,
    hidden_size: config.hiddenSize,
    tie_word_embeddings: config.isTied,
    torch_dtype: 'float32',
    use_cache: true,
  };
  if (has('mamba')) return { ...common, ...mamba(config) };
  const isRotated = config.layers.some((layer) => layer.kind === 'attention' && layer.rope);
  if (has('attention', 'mlp') && isRotated) return { ...common, ...llama(config) };
  if (has('mamba2')) return { ...common, ...mamba2(config) };
  if (has('mamba2', 'attention', 'mlp')) return { ...common, ...nemotronH(config) };
  throw unsupported(config, `it has layers ${[...kinds].join(', ')}`);
}

function mamba(config: HybridConfig) {
  const layer = onlyOne(config, 'mamba')!;
  return {
    model_type: 'mamba',
    architectures: ['MambaForCausalLM'],
    num_hidden_layers: config.layers.length,
    intermediate_size: layer.innerSize,
    expand: layer.innerSize / config.hiddenSize,
    state_size: layer.stateSize,
    time_step_rank: layer.timeStepRank,
    conv_kernel: layer.kernelSize,
    use_bias: layer.projectionBias,
    use_conv_bias: layer.convolutionBias,
    hidden_act: 'silu',
    layer_norm_epsilon: config.norm.epsilon,
  };
}

function mamba2(config: HybridConfig) {
  const layer = onlyOne(config, 'mamba2')!;
  return {
    model_type: 'mamba2',
    architectures: ['Mamba2ForCausalLM'],
    num_hidden_layers: config.layers.length,
    expand: (layer.heads * layer.headSize) / config.hiddenSize,
    num_heads: layer.heads,
    head_dim: layer.headSize,
    state_size: layer.stateSize,
    n_groups: layer.groups,
    conv_kernel: layer.kernelSize,
    chunk_size: layer.chunkSize,
    use_bias: layer.projectionBias,
    use_conv_bias: layer.convolutionBias,
    hidden_act: 'silu',
    rms_norm: true,
    layer_norm_epsilon: config.norm.epsilon,
  };
}

function llama(config: HybridConfig) {
  const attention = onlyOne(config, 'attention')!;
  const mlp = onlyOne(config, 'mlp');
  const alternates = config.layers.every(
    ({ kind }, index) => kind === (index % 2 === 0 ? 'attention' : 'mlp'),
  );
  const isPlain = attention.rope?.scaling.kind === 'none' && attention.rope.rotarySize === attention.headSize;
  if (!mlp?.gated || mlp.activation !== 'silu' || !alternates || !isPlain) {
    throw unsupported(
      config,
      'a Transformer must alternate attention with plain RoPE and a SwiGLU MLP, as Llama',
    );
  }
  return {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    num_hidden_layers: config.layers.length / 2,
    num_attention_heads: attention.heads,
    num_key_value_heads: attention.keyValueHeads,
    head_dim: attention.headSize,
    intermediate_size: mlp.innerSize,
    attention_bias: attention.bias,
    mlp_bias: mlp.bias,
    hidden_act: 'silu',
    rms_norm_eps: config.norm.epsilon,
    rope_theta: attention.rope!.theta,
    max_position_embeddings: config.contextLength ?? 4096,
  };
}

const letters = { mamba2: 'M', attention: '*', mlp: '-' } as const;
const activations = {
  silu: 'silu',
  gelu: 'gelu',
  geluTanh: 'gelu_pytorch_tanh',
  relu: 'relu',
  relu2: 'relu2',
} as const;

function nemotronH(config: HybridConfig) {
  const layer = onlyOne(config, 'mamba2');
  const attention = onlyOne(config, 'attention');
  const mlp = onlyOne(config, 'mlp');
  if (mlp?.gated || attention?.rope) throw unsupported(config, 'nemotron_h has no gated MLP and no RoPE');
  return {
    model_type: 'nemotron_h',
    architectures: ['NemotronHForCausalLM'],
    num_hidden_layers: config.layers.length,
    hybrid_override_pattern: config.layers.map(({ kind }) => letters[kind as keyof typeof letters]).join(''),
    ...(layer && {
      expand: (layer.heads * layer.headSize) / config.hiddenSize,
      mamba_num_heads: layer.heads,
      mamba_head_dim: layer.headSize,
      ssm_state_size: layer.stateSize,
      n_groups: layer.groups,
      conv_kernel: layer.kernelSize,
      chunk_size: layer.chunkSize,
      use_bias: layer.projectionBias,
      use_conv_bias: layer.convolutionBias,
      time_step_min: layer.timeStepLimit[0],
    }),
    ...(attention && {
      num_attention_heads: attention.heads,
      num_key_value_heads: attention.keyValueHeads,
      head_dim: attention.headSize,
      attention_bias: attention.bias,
    }),
    ...(mlp && {
      intermediate_size: mlp.innerSize,
      mlp_hidden_act: activations[mlp.activation],
      mlp_bias: mlp.bias,
    }),
    mamba_hidden_act: 'silu',
    layer_norm_epsilon: config.norm.epsilon,
    max_position_embeddings: config.contextLength ?? 4096,
  };
}

/** The layers of one kind, which must be alike. */
function onlyOne<K extends LayerConfig['kind']>(config: HybridConfig, kind: K): Of<K> | undefined {
  const layers = config.layers.filter((layer): layer is Of<K> => layer.kind === kind);
  const [first] = layers;
  if (layers.some((layer) => JSON.stringify(layer) !== JSON.stringify(first))) {
    throw unsupported(config, `its ${kind} layers differ`);
  }
  return first;
}

function unsupported(config: HybridConfig, reason: string): HybraError {
  return new HybraError(
    'E_CONFIG',
    `export: ${config.family} fits none of the layouts of transformers that hybra writes (mamba, mamba2, llama, nemotron_h): ${reason}.`,
    { family: config.family, reason },
  );
}
