import type { HybridConfig } from '../config/hybrid-config.js';
import type { AttentionConfig, MlpConfig, RecurrentConfig } from '../config/layer-configs.js';
import { mlpActivations } from '../parse/activations.js';
import { readAttentionHeads } from '../parse/attention-heads.js';
import { blocksOf } from '../parse/blocks-of.js';
import * as bounds from '../parse/bounds.js';
import { ConfigReader } from '../parse/config-reader.js';
import { rejectOtherShapes } from '../parse/reject-other-shapes.js';
import { requireDivisor } from '../parse/require-divisor.js';
import { readRope } from '../parse/rope.js';
import { blockNames } from './block-names.js';
import type { Family } from './family.js';
import { namedForms } from './stored-form.js';
import { tiedHead } from './tied-head.js';

const names = blockNames({
  finalNorm: 'model.final_norm',
  mixerNorm: 'temporal_pre_norm',
  mlpNorm: 'channel_pre_norm',
  mixers: { recurrent: 'temporal_block', attention: 'temporal_block' },
  mlp: 'mlp_block',
  parts: {
    branch: 'linear_y',
    inProjection: 'linear_x',
    convolution: 'conv_1d',
    outProjection: 'linear_out',
    recurrence: 'rg_lru.recurrent_param',
  },
});

/** RecurrentGemmaForCausalLM: RG-LRU with attention in every third block (Griffin, De et al. 2024). */
export const recurrentGemmaFamily: Family = {
  modelType: 'recurrent_gemma',
  parseConfig,
  storedForms: namedForms((parameter, config) =>
    names(parameter, config).map((name) =>
      name
        .replace(/\.inputGate\.(weight|bias)$/, '.rg_lru.input_gate_$1')
        .replace(/\.recurrenceGate\.(weight|bias)$/, '.rg_lru.recurrent_gate_$1'),
    ),
  ),
  ignoredTensors: tiedHead,
};

function parseConfig(json: unknown): HybridConfig {
  const reader = new ConfigReader('recurrent_gemma', json);
  rejectOtherShapes(reader);
  reader.ignore(['attention_dropout', 'final_w_init_variance_scale', 'w_init_variance_scale']);
  reader.ignore(['initializer_range', 'embeddings_scale_by_sqrt_dim']);
  const hiddenSize = reader.integer('hidden_size', bounds.size, 2560);
  const heads = readAttentionHeads(reader, { hiddenSize, heads: 10 });
  const window = reader.integer('attention_window_size', bounds.contextLength, 2048);
  const activation = reader.choice('hidden_activation', mlpActivations, 'gelu_pytorch_tanh');
  const attention: AttentionConfig = {
    kind: 'attention',
    ...heads,
    bias: reader.boolean('attention_bias', false),
    outputBias: true,
    rope: readRope(reader, {
      headSize: heads.headSize,
      theta: 10_000,
      contextLength: bounds.contextLength.high,
      rotaryShare: 0.5,
    }),
    window,
  };
  const innerSize = reader.integer('lru_width', bounds.size, hiddenSize);
  requireDivisor(
    reader,
    { key: 'num_attention_heads', value: heads.heads },
    { key: 'lru_width', value: innerSize },
  );
  const recurrent: RecurrentConfig = {
    kind: 'recurrent',
    innerSize,
    blocks: heads.heads,
    kernelSize: reader.integer('conv1d_width', bounds.kernel, 4),
    activation,
  };
  const mlp: MlpConfig = {
    kind: 'mlp',
    // Gate and up count half each.
    innerSize: Math.floor(reader.integer('intermediate_size', { low: 2, high: 2 ** 24 }, 7680) / 2),
    activation,
    gated: true,
    bias: true,
  };
  const types = readBlockTypes(reader);
  const cap = reader.isNull('logits_soft_cap')
    ? undefined
    : reader.number('logits_soft_cap', { low: 1e-3, high: 1e6 }, 30);
  reader.ignore(['logits_soft_cap']);
  const config: HybridConfig = {
    family: 'recurrent_gemma',
    vocabularySize: reader.integer('vocab_size', bounds.largeSize, 256_000),
    hiddenSize,
    layers: blocksOf(reader.integer('num_hidden_layers', bounds.layerCount, 26), (block) => [
      types[block % types.length] === 'attention' ? attention : recurrent,
      mlp,
    ]),
    norm: {
      kind: 'rms',
      epsilon: reader.number('rms_norm_eps', bounds.epsilon, 1e-6),
      isCentred: true,
    },
    isTied: reader.boolean('tie_word_embeddings', true),
    // The reference keeps this factor in bfloat16, whatever the model's dtype.
    multipliers: { embedding: roundToBfloat16(Math.sqrt(hiddenSize)) },
    ...(cap !== undefined && { logitsSoftCap: cap }),
  };
  reader.finish();
  return config;
}

/** The pattern of blocks that repeats. */
function readBlockTypes(reader: ConfigReader): readonly string[] {
  const known = ['recurrent', 'attention'];
  const types = reader.optional(
    ['block_types', '_block_types'],
    'a list of recurrent and attention',
    (value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.length <= bounds.layerCount.high &&
      value.every((type) => known.includes(type))
        ? (value as string[])
        : undefined,
  );
  return types ?? ['recurrent', 'recurrent', 'attention'];
}

function roundToBfloat16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] = (bits[0]! + 0x7fff + ((bits[0]! >>> 16) & 1)) & 0xffff_0000;
  return new Float32Array(bits.buffer)[0]!;
}
