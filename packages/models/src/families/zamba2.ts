import type { HybridConfig } from '../config/hybrid-config.js';
import type { Mamba2Config, SharedConfig } from '../config/layer-configs.js';
import { mlpActivations } from '../parse/activations.js';
import * as bounds from '../parse/bounds.js';
import { ConfigReader } from '../parse/config-reader.js';
import { readLayerTypes } from '../parse/layer-types.js';
import { rejectOtherShapes } from '../parse/reject-other-shapes.js';
import { requireDivisor } from '../parse/require-divisor.js';
import { readRope, ropeContextLength } from '../parse/rope.js';
import type { Family } from './family.js';
import { tiedHead } from './tied-head.js';
import { zamba2Forms } from './zamba2-forms.js';

/** Zamba2ForCausalLM: Mamba-2 with Transformer blocks that several layers share (Glorioso et al. 2024). */
export const zamba2Family: Family = {
  modelType: 'zamba2',
  parseConfig,
  storedForms: zamba2Forms,
  ignoredTensors: (config) => [
    // Copies of a shared block beside the layers that use it again.
    /^model\.layers\.\d+\.shared_transformer\./,
    ...tiedHead(config),
  ],
};

function parseConfig(json: unknown): HybridConfig {
  const reader = new ConfigReader('zamba2', json);
  rejectOtherShapes(reader);
  reader.ignore(ignored);
  reader.only('gated_linear_unit', [true], 'only a gated MLP is supported');
  const hiddenSize = reader.integer('hidden_size', bounds.size, 2560);
  const epsilon = reader.number('rms_norm_eps', bounds.epsilon, 1e-5);
  // Says how long contexts may be, and nothing of the rotation: transformers 4 scaled its base in memory, 5.17 does not.
  const isLong = reader.boolean('use_long_context', false);
  const stated = reader.integer('max_position_embeddings', bounds.contextLength, 4096);
  const contextLength = isLong ? 16_384 : stated;
  const bias = reader.boolean('add_bias_linear', false);
  const mamba2 = readMamba2(reader, { hiddenSize, bias });
  const attention = readAttention(reader, { hiddenSize, contextLength });
  const rank = reader.integer('adapter_rank', bounds.size, 128);
  const hasAdapters = reader.boolean('use_shared_attention_adapter', false);
  const isTied = reader.boolean('tie_word_embeddings', true);
  const shared: Omit<SharedConfig, 'block'> = {
    kind: 'shared',
    // transformers 5 ties blocks as it ties the head: in an untied model each layer has one for itself.
    ...(!isTied && { hasOwnCopy: true }),
    attention,
    mlp: {
      kind: 'mlp',
      innerSize: reader.integer('intermediate_size', bounds.largeSize, 4 * hiddenSize),
      activation: reader.choice('hidden_act', mlpActivations, 'gelu'),
      gated: true,
      bias,
    },
    mamba2,
    adapters: { mlp: rank, ...(hasAdapters && { attention: rank }) },
  };
  const config: HybridConfig = {
    family: 'zamba2',
    vocabularySize: reader.integer('vocab_size', bounds.largeSize, 32_000),
    hiddenSize,
    contextLength: attention.rope ? ropeContextLength(contextLength, attention.rope) : contextLength,
    layers: readLayers(reader, mamba2, shared),
    norm: { kind: 'rms', epsilon },
    isTied,
  };
  reader.finish();
  return config;
}

function readMamba2(
  reader: ConfigReader,
  options: { readonly hiddenSize: number; readonly bias: boolean },
): Mamba2Config {
  const inner = Math.floor(reader.number('mamba_expand', bounds.expansion, 2) * options.hiddenSize);
  const heads = reader.integer('n_mamba_heads', bounds.size, 8);
  const groups = reader.integer('mamba_ngroups', bounds.size, 1);
  requireDivisor(reader, { key: 'mamba_ngroups', value: groups }, { key: 'n_mamba_heads', value: heads });
  requireDivisor(reader, { key: 'n_mamba_heads', value: heads }, { key: 'the inner width', value: inner });
  return {
    kind: 'mamba2',
    heads,
    headSize: reader.integer('mamba_headdim', { low: inner / heads, high: inner / heads }, inner / heads),
    stateSize: reader.integer('mamba_d_state', bounds.size, 64),
    groups,
    kernelSize: reader.integer('mamba_d_conv', bounds.kernel, 4),
    chunkSize: reader.integer('chunk_size', bounds.chunk, 256),
    projectionBias: options.bias,
    // Always there, whatever `use_conv_bias` says; so is the norm's epsilon.
    convolutionBias: true,
    normEpsilon: 1e-5,
    normBeforeGate: false,
    // transformers clamps dt from below by `time_step_min` and does not look at `time_step_limit` in this family.
    timeStepLimit: [reader.number('time_step_min', { low: 0, high: 1e6 }, 1e-3), Number.POSITIVE_INFINITY],
  };
}

function readAttention(
  reader: ConfigReader,
  options: { readonly hiddenSize: number; readonly contextLength: number },
): SharedConfig['attention'] {
  const width = 2 * options.hiddenSize;
  const heads = reader.integer('num_attention_heads', bounds.size, 32);
  requireDivisor(
    reader,
    { key: 'num_attention_heads', value: heads },
    { key: 'attention_hidden_size', value: width },
  );
  const keyValueHeads = reader.integer('num_key_value_heads', bounds.size, heads);
  requireDivisor(
    reader,
    { key: 'num_key_value_heads', value: keyValueHeads },
    { key: 'num_attention_heads', value: heads },
  );
  reader.integer('attention_hidden_size', { low: width, high: width }, width);
  const headSize = width / heads;
  reader.integer('attention_head_dim', { low: headSize, high: headSize }, headSize);
  const rope = readRope(reader, { headSize, theta: 10_000, contextLength: options.contextLength });
  const isRotated = reader.boolean('use_mem_rope', false);
  return {
    kind: 'attention',
    heads,
    keyValueHeads,
    headSize,
    bias: false,
    scale: (headSize / 2) ** -0.5,
    ...(isRotated && { rope }),
  };
}

/** Mamba-2 layers and such with a shared block; the blocks take turns. */
function readLayers(
  reader: ConfigReader,
  mamba2: Mamba2Config,
  shared: Omit<SharedConfig, 'block'>,
): HybridConfig['layers'] {
  const count = reader.integer('num_hidden_layers', bounds.layerCount, 54);
  const types = readLayerTypes(
    reader,
    { mamba: 'mamba', linear_attention: 'mamba', hybrid: 'hybrid' },
    count,
  );
  const blocks = reader.integer('num_mem_blocks', { low: 1, high: bounds.layerCount.high }, 1);
  const places = reader.optionalIntegers('hybrid_layer_ids', { low: 0, high: count - 1 }, count);
  const own = types?.flatMap((type, index) => (type === 'hybrid' ? [index] : []));
  if (places && own && places.join() !== own.join()) {
    throw reader.error('hybrid_layer_ids and layers_block_type name different layers. Keep one.', {
      keys: ['hybrid_layer_ids', 'layers_block_type'],
    });
  }
  const hybrids = own ?? places ?? defaultHybrids.filter((index) => index < count);
  return Array.from({ length: count }, (_, index) => {
    const turn = hybrids.indexOf(index);
    return turn < 0 ? mamba2 : { ...shared, block: turn % blocks };
  });
}

// Of the 54 layers of the first model.
const defaultHybrids = [6, 12, 18, 24, 30, 36, 42, 47, 51];

const ignored = [
  'attention_dropout',
  'ffn_hidden_size',
  'initializer_range',
  'kv_channels',
  'lora_rank',
  'num_logits_to_keep',
  'num_query_groups',
  'time_step_floor',
  'time_step_limit',
  'time_step_max',
  'use_conv_bias',
  'use_mamba_kernels',
  'use_mem_eff_path',
  'use_shared_attention_lora',
  'use_shared_block_lora',
  // The adapters of the MLP are always there.
  'use_shared_mlp_adapter',
];
