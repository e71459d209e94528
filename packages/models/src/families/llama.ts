import type { AttentionConfig, HybridConfig, MlpConfig } from '../config/hybrid-config.js';
import { mlpActivations } from '../parse/activations.js';
import * as bounds from '../parse/bounds.js';
import { ConfigReader } from '../parse/config-reader.js';
import { rejectOtherShapes } from '../parse/reject-other-shapes.js';
import { requireDivisor } from '../parse/require-divisor.js';
import { readRope } from '../parse/rope.js';
import type { Family } from './family.js';
import { layerPart } from './part-names.js';
import { tiedHead } from './tied-head.js';

/** LlamaForCausalLM: the Transformer baseline. Each of its layers is two of ours: attention, then MLP. */
export const llamaFamily: Family = {
  modelType: 'llama',
  parseConfig,
  tensorNames,
  // A buffer that early conversions saved; it follows from the configuration.
  ignoredTensors: (config) => [/^model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq$/, ...tiedHead(config)],
};

function parseConfig(json: unknown): HybridConfig {
  const reader = new ConfigReader('llama', json);
  rejectOtherShapes(reader);
  reader.ignore(['attention_dropout', 'initializer_range', 'is_llama_config', 'pretraining_tp']);
  reader.only('rope_interleaved', [false], 'only the rotation of halves is supported');
  reader.only('sliding_window', [], 'llama has no sliding window');

  const hiddenSize = reader.integer('hidden_size', bounds.size);
  const contextLength = reader.integer('max_position_embeddings', bounds.contextLength, 2048);
  const heads = reader.integer('num_attention_heads', bounds.size);
  const keyValueHeads = reader.integer('num_key_value_heads', bounds.size, heads);
  requireDivisor(
    reader,
    { key: 'num_key_value_heads', value: keyValueHeads },
    { key: 'num_attention_heads', value: heads },
  );
  const headSize = reader.optionalInteger('head_dim', bounds.size);
  if (headSize === undefined) {
    requireDivisor(
      reader,
      { key: 'num_attention_heads', value: heads },
      { key: 'hidden_size', value: hiddenSize },
    );
  }
  const sizeOfHead = headSize ?? hiddenSize / heads;
  const attention: AttentionConfig = {
    kind: 'attention',
    heads,
    keyValueHeads,
    headSize: sizeOfHead,
    bias: reader.boolean('attention_bias', false),
    rope: readRope(reader, { headSize: sizeOfHead, theta: 10_000, contextLength }),
  };
  const mlp: MlpConfig = {
    kind: 'mlp',
    innerSize: reader.integer('intermediate_size', bounds.largeSize),
    activation: reader.choice('hidden_act', mlpActivations, 'silu'),
    gated: true,
    bias: reader.boolean('mlp_bias', false),
  };
  const layers = reader.integer('num_hidden_layers', bounds.layerCount);
  const config: HybridConfig = {
    family: 'llama',
    vocabularySize: reader.integer('vocab_size', bounds.largeSize),
    hiddenSize,
    contextLength,
    layers: Array.from({ length: 2 * layers }, (_, index) => (index % 2 === 0 ? attention : mlp)),
    norm: { kind: 'rms', epsilon: reader.number('rms_norm_eps', bounds.epsilon, 1e-6) },
    isTied: reader.boolean('tie_word_embeddings', false),
  };
  reader.finish();
  return config;
}

function tensorNames(parameter: string): readonly string[] {
  if (parameter === 'embedding.weight') return ['model.embed_tokens.weight'];
  if (parameter === 'head.weight') return ['lm_head.weight'];
  if (parameter.startsWith('finalNorm.')) return [parameter.replace('finalNorm', 'model.norm')];
  const inLayer = layerPart(parameter);
  if (!inLayer) return [];
  const isAttention = inLayer.layer % 2 === 0;
  const units = isAttention
    ? { norm: 'input_layernorm', mixer: 'self_attn' }
    : { norm: 'post_attention_layernorm', mixer: 'mlp' };
  const unit = inLayer.unit === 'norm' ? units.norm : units.mixer;
  return [`model.layers.${Math.floor(inLayer.layer / 2)}.${unit}.${inLayer.part}`];
}
