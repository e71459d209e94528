import type { HybridConfig } from '../config/hybrid-config.js';
import type { AttentionConfig, ExpertsConfig, MlpConfig } from '../config/layer-configs.js';
import type { ParameterSpec } from '../config/parameter-spec.js';
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
import { fusedHalf, halfOfRows } from './expert-forms.js';
import type { Family } from './family.js';
import { layerParameter } from './part-names.js';
import { namedForms, type StoredForm, wholeTensor } from './stored-form.js';
import { tiedHead } from './tied-head.js';

/** GraniteMoeHybridForCausalLM: Mamba-2 and attention, an MLP in every block, experts beside it or none. */
export const graniteMoeHybridFamily: Family = {
  modelType: 'granitemoehybrid',
  parseConfig,
  storedForms,
  ignoredTensors: tiedHead,
};

function parseConfig(json: unknown): HybridConfig {
  const reader = new ConfigReader('granitemoehybrid', json);
  rejectOtherShapes(reader);
  reader.ignore(ignored);
  reader.only('normalization_function', ['rmsnorm'], 'only RMSNorm is supported');
  const hiddenSize = reader.integer('hidden_size', bounds.size, 4096);
  const contextLength = reader.integer('max_position_embeddings', bounds.contextLength, 2048);
  const epsilon = reader.number('rms_norm_eps', bounds.epsilon, 1e-6);
  const heads = readAttentionHeads(reader, { hiddenSize, heads: 32 });
  const rope = readRope(reader, { headSize: heads.headSize, theta: 10_000, contextLength });
  const embedding = reader.optional('position_embedding_type', 'a word', (value) =>
    typeof value === 'string' ? value : undefined,
  );
  const isRotated = embedding === 'rope';
  const attention: AttentionConfig = {
    kind: 'attention',
    ...heads,
    bias: reader.boolean('attention_bias', false),
    scale: reader.number('attention_multiplier', bounds.multiplier, 1),
    ...(isRotated && { rope }),
  };
  const mamba2 = {
    ...readMamba2Keys(reader, { hiddenSize, normEpsilon: epsilon }),
    // One norm over all groups, as transformers has it: there is no other implementation to follow.
    gatedNorm: 'fullWidth' as const,
  };
  const mlp = readMlp(reader);
  const blocks = reader.integer('num_hidden_layers', bounds.layerCount, 32);
  const types = readLayerTypes(reader, mixerTypes, blocks);
  const config: HybridConfig = {
    family: 'granitemoehybrid',
    vocabularySize: reader.integer('vocab_size', bounds.largeSize, 32_000),
    hiddenSize,
    contextLength: isRotated ? ropeContextLength(contextLength, rope) : contextLength,
    layers: blocksOf(blocks, (block) => [types?.[block] === 'attention' ? attention : mamba2, mlp]),
    norm: { kind: 'rms', epsilon },
    isTied: reader.boolean('tie_word_embeddings', false),
    multipliers: {
      embedding: reader.number('embedding_multiplier', bounds.multiplier, 1),
      residual: reader.number('residual_multiplier', bounds.multiplier, 1),
      logits: 1 / reader.number('logits_scaling', { low: 1e-6, high: 1e6 }, 1),
    },
  };
  reader.finish();
  return config;
}

/** The MLP that every token goes through, with experts beside it where there are any. */
function readMlp(reader: ConfigReader): MlpConfig | ExpertsConfig {
  const activation = reader.choice('hidden_act', mlpActivations, 'silu');
  const sharedSize = reader.integer('shared_intermediate_size', bounds.largeSize, 1024);
  const innerSize = reader.integer('intermediate_size', bounds.largeSize, 11_008);
  const experts = reader.integer('num_local_experts', { low: 0, high: bounds.size.high }, 8);
  const chosen = reader.integer('num_experts_per_tok', { low: 0, high: bounds.size.high }, 2);
  if (experts === 0) return { kind: 'mlp', innerSize: sharedSize, activation, gated: true, bias: false };
  if (chosen < 1 || chosen > experts) {
    throw reader.error(`num_experts_per_tok is ${chosen}, expected 1 to num_local_experts, ${experts}.`, {
      keys: ['num_experts_per_tok', 'num_local_experts'],
    });
  }
  return {
    kind: 'experts',
    experts,
    chosen,
    innerSize,
    activation,
    gated: true,
    // A softmax over the chosen is one over all, divided by the sum of the chosen.
    router: { scores: 'softmax', isNormalized: true, scale: 1, hasCorrection: false },
    shared: { innerSize: sharedSize, bias: false, hasGate: false },
  };
}

const named = namedForms(
  blockNames({
    mixerNorm: 'input_layernorm',
    mlpNorm: 'post_attention_layernorm',
    mixers: { mamba2: 'mamba', attention: 'self_attn' },
    mlp: 'mlp',
  }),
);

function storedForms(spec: ParameterSpec, config: HybridConfig): readonly StoredForm[] {
  const found = layerParameter(spec.name);
  if (!found || found.isNorm || found.layer % 2 === 0) return named(spec, config);
  const block = `model.layers.${(found.layer - 1) / 2}`;
  const shared = `${block}.shared_mlp`;
  const experts = `${block}.block_sparse_moe`;
  switch (found.part.replace(/^shared\./, '')) {
    case 'gate.weight':
      return [halfOfRows(`${shared}.input_linear.weight`, 0, spec.shape)];
    case 'up.weight':
      return [halfOfRows(`${shared}.input_linear.weight`, 1, spec.shape)];
    case 'down.weight':
      return [wholeTensor(`${shared}.output_linear.weight`, spec.shape)];
    case 'router.weight':
      return [wholeTensor(`${experts}.router.layer.weight`, spec.shape)];
    case 'experts.gate':
      return [fusedHalf(`${experts}.input_linear.weight`, 0, spec.shape)];
    case 'experts.up':
      return [fusedHalf(`${experts}.input_linear.weight`, 1, spec.shape)];
    default:
      return [wholeTensor(`${experts}.output_linear.weight`, spec.shape)];
  }
}

const ignored = [
  'attention_dropout',
  'init_method',
  'initializer_range',
  'normalization_function',
  'output_router_logits',
  'router_aux_loss_coef',
];
