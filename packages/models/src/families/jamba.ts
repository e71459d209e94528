import type { HybridConfig } from '../config/hybrid-config.js';
import type { AttentionConfig, ExpertsConfig, MambaConfig, MlpConfig } from '../config/layer-configs.js';
import type { ParameterSpec } from '../config/parameter-spec.js';
import { mlpActivations } from '../parse/activations.js';
import { readAttentionHeads } from '../parse/attention-heads.js';
import { blocksOf } from '../parse/blocks-of.js';
import * as bounds from '../parse/bounds.js';
import { ConfigReader } from '../parse/config-reader.js';
import { mixerTypes, readLayerTypes } from '../parse/layer-types.js';
import { rejectOtherShapes } from '../parse/reject-other-shapes.js';
import { readTimeStepRank } from '../parse/time-step-rank.js';
import { blockNames } from './block-names.js';
import { expertForms } from './expert-forms.js';
import type { Family } from './family.js';
import { layerParameter } from './part-names.js';
import { namedForms, type StoredForm, wholeTensor } from './stored-form.js';
import { tiedHead } from './tied-head.js';

/** JambaForCausalLM: Mamba with inner norms, some attention without position embedding, some experts. */
export const jambaFamily: Family = {
  modelType: 'jamba',
  parseConfig,
  storedForms,
  ignoredTensors: tiedHead,
};

function parseConfig(json: unknown): HybridConfig {
  const reader = new ConfigReader('jamba', json);
  rejectOtherShapes(reader);
  reader.ignore(ignored);
  reader.only('sliding_window', [], 'jamba has no sliding window');
  const hiddenSize = reader.integer('hidden_size', bounds.size, 4096);
  const epsilon = reader.number('rms_norm_eps', bounds.epsilon, 1e-6);
  const heads = readAttentionHeads(reader, { hiddenSize, heads: 32, keyValueHeads: 8 });
  const attention: AttentionConfig = { kind: 'attention', ...heads, bias: false };
  const mamba: MambaConfig = {
    kind: 'mamba',
    innerSize: Math.floor(reader.number('mamba_expand', bounds.expansion, 2) * hiddenSize),
    stateSize: reader.integer('mamba_d_state', bounds.size, 16),
    timeStepRank: readTimeStepRank(reader, 'mamba_dt_rank', hiddenSize),
    kernelSize: reader.integer('mamba_d_conv', bounds.kernel, 4),
    projectionBias: reader.boolean('mamba_proj_bias', false),
    convolutionBias: reader.boolean('mamba_conv_bias', true),
    innerNorms: { epsilon, hasWeights: true },
  };
  const { mlp, experts } = readMlps(reader);
  const blocks = reader.integer('num_hidden_layers', bounds.layerCount, 32);
  const types = readLayerTypes(reader, mixerTypes, blocks);
  const attentionAt = readPeriod(reader, 'attn_layer', { period: 8, offset: 4 });
  const expertsAt = readPeriod(reader, 'expert_layer', { period: 2, offset: 1 });
  const config: HybridConfig = {
    family: 'jamba',
    vocabularySize: reader.integer('vocab_size', bounds.largeSize, 65_536),
    hiddenSize,
    contextLength: reader.integer('max_position_embeddings', bounds.contextLength, 262_144),
    layers: blocksOf(blocks, (block) => [
      (types ? types[block] === 'attention' : attentionAt(block)) ? attention : mamba,
      experts && expertsAt(block) ? experts : mlp,
    ]),
    norm: { kind: 'rms', epsilon },
    isTied: reader.boolean('tie_word_embeddings', false),
  };
  reader.finish();
  return config;
}

/** The dense MLP, and experts of the same size where there is more than one. */
function readMlps(reader: ConfigReader): { mlp: MlpConfig; experts: ExpertsConfig | undefined } {
  const shape = {
    innerSize: reader.integer('intermediate_size', bounds.largeSize, 14_336),
    activation: reader.choice('hidden_act', mlpActivations, 'silu'),
    gated: true,
  };
  const count = reader.integer('num_experts', bounds.size, 16);
  // Of a model without experts the key may say anything.
  const most = count > 1 ? count : bounds.size.high;
  const chosen = reader.integer('num_experts_per_tok', { low: 1, high: most }, 2);
  return {
    mlp: { kind: 'mlp', ...shape, bias: false },
    experts:
      count > 1
        ? {
            kind: 'experts',
            ...shape,
            experts: count,
            chosen,
            router: { scores: 'softmax', isNormalized: false, scale: 1, hasCorrection: false },
          }
        : undefined,
  };
}

/** Whether a block is the one of its period that `…_offset` names. */
function readPeriod(
  reader: ConfigReader,
  prefix: string,
  fallback: { readonly period: number; readonly offset: number },
): (block: number) => boolean {
  const period = reader.integer(`${prefix}_period`, bounds.layerCount, fallback.period);
  const offset = reader.integer(`${prefix}_offset`, { low: 0, high: 4096 }, fallback.offset);
  return (block) => block % period === offset;
}

const named = namedForms(
  blockNames({
    finalNorm: 'model.final_layernorm',
    mixerNorm: 'input_layernorm',
    mlpNorm: 'pre_ff_layernorm',
    mixers: { mamba: 'mamba', attention: 'self_attn' },
    mlp: 'feed_forward',
  }),
);

function storedForms(spec: ParameterSpec, config: HybridConfig): readonly StoredForm[] {
  const found = layerParameter(spec.name);
  const [first, part] = found?.part.split('.') ?? [];
  if (found && first === 'experts') {
    return expertForms(`model.layers.${(found.layer - 1) / 2}.feed_forward.experts`, part!, spec.shape);
  }
  // The first published miniature spells two of its norms with capitals.
  const old = { inputNorm: 'B_layernorm', outputNorm: 'C_layernorm' }[first ?? ''];
  if (found && old) {
    const form = wholeTensor(`model.layers.${found.layer / 2}.mamba.${old}.${part}`, spec.shape);
    return [...named(spec, config), form];
  }
  return named(spec, config);
}

const ignored = [
  'attention_dropout',
  'initializer_range',
  'num_logits_to_keep',
  'output_router_logits',
  'router_aux_loss_coef',
  'use_associative_scan',
  'use_mamba_kernels',
  'use_mambapy',
];
