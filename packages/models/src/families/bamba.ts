import type { HybridConfig } from '../config/hybrid-config.js';
import type { AttentionConfig, MlpConfig } from '../config/layer-configs.js';
import { mlpActivations } from '../parse/activations.js';
import { readAttentionHeads } from '../parse/attention-heads.js';
import { blocksOf } from '../parse/blocks-of.js';
import * as bounds from '../parse/bounds.js';
import { ConfigReader } from '../parse/config-reader.js';
import { mixerTypes, readLayerTypes } from '../parse/layer-types.js';
import { readMamba2Keys } from '../parse/mamba2-keys.js';
import { rejectOtherShapes } from '../parse/reject-other-shapes.js';
import { readRope, ropeContextLength } from '../parse/rope.js';
import { blockNames } from './block-names.js';
import type { Family } from './family.js';
import { namedForms } from './stored-form.js';
import { tiedHead } from './tied-head.js';

/** BambaForCausalLM: Mamba-2 with attention in some blocks, half of each head rotated, an MLP in every block. */
export const bambaFamily: Family = {
  modelType: 'bamba',
  parseConfig,
  storedForms: namedForms(
    blockNames({
      finalNorm: 'model.final_layernorm',
      mixerNorm: 'input_layernorm',
      mlpNorm: 'pre_ff_layernorm',
      mixers: { mamba2: 'mamba', attention: 'self_attn' },
      mlp: 'feed_forward',
    }),
  ),
  ignoredTensors: tiedHead,
};

function parseConfig(json: unknown): HybridConfig {
  const reader = new ConfigReader('bamba', json);
  rejectOtherShapes(reader);
  reader.ignore(['attention_dropout', 'initializer_range', 'num_logits_to_keep', 'z_loss_coefficient']);
  const hiddenSize = reader.integer('hidden_size', bounds.size, 4096);
  const contextLength = reader.integer('max_position_embeddings', bounds.contextLength, 262_144);
  const epsilon = reader.number('rms_norm_eps', bounds.epsilon, 1e-5);
  const heads = readAttentionHeads(reader, { hiddenSize, heads: 32, keyValueHeads: 8 });
  // Written by the conversion from mamba_ssm: the rotated dimensions, half of each head.
  const rotated = reader.optionalInteger('attn_rotary_emb', bounds.size);
  const rope = readRope(reader, {
    headSize: heads.headSize,
    theta: 10_000,
    contextLength,
    rotaryShare: rotated === undefined ? 0.5 : rotated / heads.headSize,
  });
  const attention: AttentionConfig = {
    kind: 'attention',
    ...heads,
    bias: reader.boolean('attention_bias', false),
    rope,
  };
  const mamba2 = readMamba2Keys(reader, { hiddenSize, normEpsilon: epsilon });
  const mlp: MlpConfig = {
    kind: 'mlp',
    innerSize: reader.integer('intermediate_size', bounds.largeSize, 14_336),
    activation: reader.choice('hidden_act', mlpActivations, 'silu'),
    gated: true,
    bias: reader.boolean('mlp_bias', false),
  };
  const blocks = reader.integer('num_hidden_layers', bounds.layerCount, 32);
  const last = { low: 0, high: blocks - 1 };
  const indices = reader.optionalIntegers('attn_layer_indices', last, blocks);
  const types = readLayerTypes(reader, mixerTypes, blocks);
  const isAttention = (block: number): boolean =>
    types ? types[block] === 'attention' : (indices?.includes(block) ?? false);
  const config: HybridConfig = {
    family: 'bamba',
    vocabularySize: reader.integer('vocab_size', bounds.largeSize, 128_000),
    hiddenSize,
    contextLength: ropeContextLength(contextLength, rope),
    layers: blocksOf(blocks, (block) => [isAttention(block) ? attention : mamba2, mlp]),
    norm: { kind: 'rms', epsilon },
    isTied: reader.boolean('tie_word_embeddings', false),
  };
  reader.finish();
  return config;
}
