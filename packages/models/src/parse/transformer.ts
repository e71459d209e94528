import type { HybridConfig } from '../config/hybrid-config.js';
import type { AttentionConfig, MlpConfig } from '../config/layer-configs.js';
import { mlpActivations } from './activations.js';
import { readAttentionHeads } from './attention-heads.js';
import { blocksOf } from './blocks-of.js';
import * as bounds from './bounds.js';
import { ConfigReader } from './config-reader.js';
import { rejectOtherShapes } from './reject-other-shapes.js';
import { readRope, ropeContextLength } from './rope.js';

/** What a Transformer of Llama's shape has of its own. */
export interface TransformerTraits {
  /** Where the configuration names none. */
  readonly contextLength: number;
  readonly innerSize: number;
  readonly vocabularySize: number;
  readonly keyValueHeads?: number;
  readonly headSize?: number;
  /** Of each block's attention. */
  readonly attention: (block: number) => Pick<AttentionConfig, 'bias'> & Partial<AttentionConfig>;
  readonly mlpBias: boolean;
}

/**
 * Reads a Transformer whose blocks are attention with RoPE and a gated MLP, each after an RMSNorm.
 * @param traits reads what the family has of its own, given the number of blocks
 * @throws E_CONFIG
 */
export function readTransformer(
  family: string,
  json: unknown,
  traits: (reader: ConfigReader, blocks: number) => TransformerTraits,
): HybridConfig {
  const reader = new ConfigReader(family, json);
  rejectOtherShapes(reader);
  reader.ignore(['attention_dropout', 'initializer_range']);
  const hiddenSize = reader.integer('hidden_size', bounds.size, 4096);
  const blocks = reader.integer('num_hidden_layers', bounds.layerCount, 32);
  const own = traits(reader, blocks);
  const contextLength = reader.integer('max_position_embeddings', bounds.contextLength, own.contextLength);
  const heads = readAttentionHeads(reader, { hiddenSize, heads: 32, ...own });
  const rope = readRope(reader, { headSize: heads.headSize, theta: 10_000, contextLength });
  const epsilon = reader.number('rms_norm_eps', bounds.epsilon, 1e-6);
  const mlp: MlpConfig = {
    kind: 'mlp',
    innerSize: reader.integer('intermediate_size', bounds.largeSize, own.innerSize),
    activation: reader.choice('hidden_act', mlpActivations, 'silu'),
    gated: true,
    bias: own.mlpBias,
  };
  const config: HybridConfig = {
    family,
    vocabularySize: reader.integer('vocab_size', bounds.largeSize, own.vocabularySize),
    hiddenSize,
    contextLength: ropeContextLength(contextLength, rope),
    layers: blocksOf(blocks, (block) => [
      { kind: 'attention', ...heads, rope, ...own.attention(block) },
      mlp,
    ]),
    norm: { kind: 'rms', epsilon },
    isTied: reader.boolean('tie_word_embeddings', false),
  };
  reader.finish();
  return config;
}
