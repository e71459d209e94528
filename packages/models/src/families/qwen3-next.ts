import type { HybridConfig } from '../config/hybrid-config.js';
import type { AttentionConfig, DeltaNetConfig, ExpertsConfig, MlpConfig } from '../config/layer-configs.js';
import { mambaActivations, mlpActivations } from '../parse/activations.js';
import { readAttentionHeads } from '../parse/attention-heads.js';
import { blocksOf } from '../parse/blocks-of.js';
import * as bounds from '../parse/bounds.js';
import { ConfigReader } from '../parse/config-reader.js';
import { mixerTypes, readLayerTypes } from '../parse/layer-types.js';
import { rejectOtherShapes } from '../parse/reject-other-shapes.js';
import { requireDivisor } from '../parse/require-divisor.js';
import { readRope, ropeContextLength } from '../parse/rope.js';
import type { Family } from './family.js';
import { qwen3NextForms } from './qwen3-next-forms.js';
import { tiedHead } from './tied-head.js';

/** Qwen3NextForCausalLM: gated delta nets, gated attention in every fourth block, experts with a shared one. */
export const qwen3NextFamily: Family = {
  modelType: 'qwen3_next',
  parseConfig,
  storedForms: qwen3NextForms,
  // `mtp.*` predicts further tokens, for speculative decoding only.
  ignoredTensors: (config) => [/^mtp\./, ...tiedHead(config)],
};

function parseConfig(json: unknown): HybridConfig {
  const reader = new ConfigReader('qwen3_next', json);
  rejectOtherShapes(reader);
  reader.ignore(ignored);
  reader.only('use_sliding_window', [false], 'a sliding window is not supported in this family');
  reader.only('sliding_window', [], 'a sliding window is not supported in this family');
  const hiddenSize = reader.integer('hidden_size', bounds.size, 2048);
  const contextLength = reader.integer('max_position_embeddings', bounds.contextLength, 32_768);
  const epsilon = reader.number('rms_norm_eps', bounds.epsilon, 1e-6);
  const heads = readAttentionHeads(reader, { hiddenSize, heads: 16, keyValueHeads: 2, headSize: 256 });
  const rope = readRope(reader, {
    headSize: heads.headSize,
    theta: 10_000,
    contextLength,
    rotaryShare: 0.25,
  });
  const attention: AttentionConfig = {
    kind: 'attention',
    ...heads,
    bias: reader.boolean('attention_bias', false),
    rope,
    headNorms: { epsilon, isCentred: true },
    hasGate: true,
  };
  const deltaNet = readDeltaNet(reader, epsilon);
  const blocks = reader.integer('num_hidden_layers', bounds.layerCount, 48);
  const interval = reader.integer('full_attention_interval', bounds.layerCount, 4);
  const types = readLayerTypes(reader, mixerTypes, blocks);
  const isAttention = (block: number): boolean =>
    types ? types[block] === 'attention' : (block + 1) % interval === 0;
  const mlpOf = readMlps(reader, blocks);
  const config: HybridConfig = {
    family: 'qwen3_next',
    vocabularySize: reader.integer('vocab_size', bounds.largeSize, 151_936),
    hiddenSize,
    contextLength: ropeContextLength(contextLength, rope),
    layers: blocksOf(blocks, (block) => [isAttention(block) ? attention : deltaNet, mlpOf(block)]),
    norm: { kind: 'rms', epsilon, isCentred: true },
    isTied: reader.boolean('tie_word_embeddings', false),
  };
  reader.finish();
  return config;
}

function readDeltaNet(reader: ConfigReader, normEpsilon: number): DeltaNetConfig {
  const keyHeads = reader.integer('linear_num_key_heads', bounds.size, 16);
  const valueHeads = reader.integer('linear_num_value_heads', bounds.size, 32);
  requireDivisor(
    reader,
    { key: 'linear_num_key_heads', value: keyHeads },
    { key: 'linear_num_value_heads', value: valueHeads },
  );
  return {
    kind: 'deltaNet',
    keyHeads,
    valueHeads,
    keySize: reader.integer('linear_key_head_dim', bounds.size, 128),
    valueSize: reader.integer('linear_value_head_dim', bounds.size, 128),
    kernelSize: reader.integer('linear_conv_kernel_dim', bounds.kernel, 4),
    normEpsilon,
  };
}

/** Experts in every `decoder_sparse_step`-th block that `mlp_only_layers` does not name, an MLP in the others. */
function readMlps(reader: ConfigReader, blocks: number): (block: number) => MlpConfig | ExpertsConfig {
  // One activation for convolutions and MLPs alike.
  reader.choice('hidden_act', mambaActivations, 'silu');
  const shape = { activation: mlpActivations.silu, gated: true } as const;
  const innerSize = reader.integer('intermediate_size', bounds.largeSize, 5632);
  const mlp: MlpConfig = { kind: 'mlp', ...shape, innerSize, bias: false };
  const experts = reader.integer('num_experts', { low: 0, high: bounds.size.high }, 512);
  const mixture: ExpertsConfig = {
    kind: 'experts',
    ...shape,
    experts,
    chosen: reader.integer('num_experts_per_tok', { low: 1, high: experts || bounds.size.high }, 10),
    innerSize: reader.integer('moe_intermediate_size', bounds.largeSize, 512),
    router: {
      scores: 'softmax',
      isNormalized: reader.boolean('norm_topk_prob', true),
      scale: 1,
      hasCorrection: false,
    },
    shared: {
      innerSize: reader.integer('shared_expert_intermediate_size', bounds.largeSize, 512),
      bias: false,
      hasGate: true,
    },
  };
  const step = reader.integer('decoder_sparse_step', bounds.layerCount, 1);
  const dense = reader.optionalIntegers('mlp_only_layers', { low: 0, high: blocks - 1 }, blocks) ?? [];
  return (block) => (experts > 0 && (block + 1) % step === 0 && !dense.includes(block) ? mixture : mlp);
}

const ignored = [
  'attention_dropout',
  'initializer_range',
  'max_window_layers',
  'output_router_logits',
  'router_aux_loss_coef',
];
