import type { HybridConfig } from '../config/hybrid-config.js';
import type { AttentionConfig, ConvolutionConfig, MlpConfig } from '../config/layer-configs.js';
import { readAttentionHeads } from '../parse/attention-heads.js';
import { blocksOf } from '../parse/blocks-of.js';
import * as bounds from '../parse/bounds.js';
import { ConfigReader } from '../parse/config-reader.js';
import { readLayerTypes } from '../parse/layer-types.js';
import { rejectOtherShapes } from '../parse/reject-other-shapes.js';
import { readRope, ropeContextLength } from '../parse/rope.js';
import { blockNames } from './block-names.js';
import type { Family } from './family.js';
import { namedForms } from './stored-form.js';
import { tiedHead } from './tied-head.js';

const names = blockNames({
  finalNorm: 'model.embedding_norm',
  mixerNorm: 'operator_norm',
  mlpNorm: 'ffn_norm',
  mixers: { convolution: 'conv', attention: 'self_attn' },
  mlp: 'feed_forward',
  parts: {
    convolution: 'conv',
    output: 'out_proj',
    queryNorm: 'q_layernorm',
    keyNorm: 'k_layernorm',
    gate: 'w1',
    up: 'w3',
    down: 'w2',
  },
});

/** Lfm2ForCausalLM: gated short convolutions with attention in some blocks (arXiv 2511.23404). */
export const lfm2Family: Family = {
  modelType: 'lfm2',
  parseConfig,
  storedForms: namedForms(names),
  ignoredTensors: tiedHead,
};

function parseConfig(json: unknown): HybridConfig {
  const reader = new ConfigReader('lfm2', json);
  rejectOtherShapes(reader);
  reader.ignore(ignored);
  reader.only('block_use_swiglu', [true], 'only a gated MLP is supported');
  reader.only('use_pos_enc', [true], 'attention without positions is not supported');
  const hiddenSize = reader.integer(
    ['hidden_size', 'block_dim', 'conv_dim', 'conv_dim_out'],
    bounds.size,
    2560,
  );
  const contextLength = reader.integer('max_position_embeddings', bounds.contextLength, 128_000);
  const epsilon = reader.number(['norm_eps', 'block_norm_eps'], bounds.epsilon, 1e-5);
  const heads = readAttentionHeads(reader, { hiddenSize, heads: 32, keyValueHeads: 8 });
  const theta = reader.number('theta', { low: 1e-6, high: 1e12 }, 1_000_000);
  const rope = readRope(reader, { headSize: heads.headSize, theta, contextLength });
  const attention: AttentionConfig = {
    kind: 'attention',
    ...heads,
    bias: false,
    rope,
    headNorms: { epsilon, isCentred: false },
  };
  const convolution: ConvolutionConfig = {
    kind: 'convolution',
    kernelSize: reader.integer('conv_L_cache', bounds.kernel, 3),
    bias: reader.boolean('conv_bias', false),
  };
  const mlp: MlpConfig = {
    kind: 'mlp',
    innerSize: readInnerSize(reader),
    activation: 'silu',
    gated: true,
    bias: false,
  };
  const blocks = reader.integer('num_hidden_layers', bounds.layerCount, 32);
  const isAttention = readAttentionBlocks(reader, blocks);
  const config: HybridConfig = {
    family: 'lfm2',
    vocabularySize: reader.integer('vocab_size', bounds.largeSize, 65_536),
    hiddenSize,
    contextLength: ropeContextLength(contextLength, rope),
    layers: blocksOf(blocks, (block) => [isAttention(block) ? attention : convolution, mlp]),
    norm: { kind: 'rms', epsilon },
    isTied: reader.boolean(['tie_word_embeddings', 'tie_embedding'], true),
  };
  reader.finish();
  return config;
}

/** `layer_types`, or `full_attn_idxs`, or attention in all blocks. */
function readAttentionBlocks(reader: ConfigReader, blocks: number): (block: number) => boolean {
  const types = readLayerTypes(
    reader,
    { conv: 'conv', full_attention: 'attention', attention: 'attention' },
    blocks,
  );
  const indices = reader.optionalIntegers('full_attn_idxs', { low: 0, high: blocks - 1 }, blocks);
  return (block) => (types ? types[block] === 'attention' : (indices?.includes(block) ?? true));
}

/** The MLP's width: two thirds of what is stated, times a factor, rounded up to a multiple. */
function readInnerSize(reader: ConfigReader): number {
  const stated = reader.integer(
    reader.isPresent('block_ff_dim') ? 'block_ff_dim' : 'intermediate_size',
    bounds.largeSize,
    12_288,
  );
  reader.ignore(['intermediate_size', 'block_ff_dim']);
  const multiple = reader.integer('block_multiple_of', bounds.size, 256);
  const factor = reader.number('block_ffn_dim_multiplier', { low: 1e-3, high: 1e3 }, 1);
  if (!reader.boolean('block_auto_adjust_ff_dim', true)) return stated;
  const adjusted = Math.floor(factor * Math.floor((2 * stated) / 3));
  return multiple * Math.ceil(adjusted / multiple);
}

const ignored = [
  'block_mlp_init_scale',
  'block_out_init_scale',
  'block_use_xavier_init',
  'conv_use_xavier_init',
  'initializer_range',
];
