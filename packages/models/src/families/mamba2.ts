import type { HybridConfig } from '../config/hybrid-config.js';
import type { Mamba2Config } from '../config/layer-configs.js';
import { mambaActivations } from '../parse/activations.js';
import * as bounds from '../parse/bounds.js';
import { ConfigReader } from '../parse/config-reader.js';
import { expandedSize } from '../parse/expanded-size.js';
import { rejectOtherShapes } from '../parse/reject-other-shapes.js';
import { requireDivisor } from '../parse/require-divisor.js';
import { readTimeStepLimit } from '../parse/time-step-limit.js';
import { backboneNames } from './backbone-names.js';
import type { Family } from './family.js';
import { namedForms } from './stored-form.js';
import { tiedHead } from './tied-head.js';

/** Mamba2ForCausalLM: Mamba-2 layers alone (Dao & Gu 2024), Codestral Mamba among them. */
export const mamba2Family: Family = {
  modelType: 'mamba2',
  parseConfig,
  storedForms: namedForms(backboneNames),
  ignoredTensors: tiedHead,
};

function parseConfig(json: unknown): HybridConfig {
  const reader = new ConfigReader('mamba2', json);
  rejectOtherShapes(reader);
  reader.ignore(ignored);
  reader.only('rms_norm', [true], 'only the gated RMSNorm is supported');
  reader.choice('hidden_act', mambaActivations, 'silu');

  const hiddenSize = reader.integer('hidden_size', bounds.size, 4096);
  const inner = expandedSize(reader, hiddenSize);
  const epsilon = reader.number('layer_norm_epsilon', bounds.epsilon, 1e-5);
  const layer: Mamba2Config = {
    kind: 'mamba2',
    heads: reader.integer('num_heads', bounds.size, 128),
    headSize: reader.integer('head_dim', bounds.size, 64),
    stateSize: reader.integer('state_size', bounds.size, 128),
    groups: reader.integer('n_groups', bounds.size, 8),
    kernelSize: reader.integer('conv_kernel', bounds.kernel, 4),
    chunkSize: reader.integer('chunk_size', bounds.chunk, 256),
    projectionBias: reader.boolean('use_bias', false),
    convolutionBias: reader.boolean('use_conv_bias', true),
    normEpsilon: epsilon,
    normBeforeGate: false,
    timeStepLimit: readTimeStepLimit(reader, 'time_step_limit'),
  };
  if (layer.heads * layer.headSize !== inner) {
    throw reader.error(
      `num_heads ${layer.heads} times head_dim ${layer.headSize} is ${layer.heads * layer.headSize}, but expand times hidden_size is ${inner}. They must be equal.`,
      { keys: ['num_heads', 'head_dim', 'expand', 'hidden_size'] },
    );
  }
  requireDivisor(reader, { key: 'n_groups', value: layer.groups }, { key: 'num_heads', value: layer.heads });

  const config: HybridConfig = {
    family: 'mamba2',
    vocabularySize: reader.integer('vocab_size', bounds.largeSize, 32_768),
    hiddenSize,
    layers: new Array<Mamba2Config>(reader.integer('num_hidden_layers', bounds.layerCount, 64)).fill(layer),
    norm: { kind: 'rms', epsilon },
    isTied: reader.boolean(['tie_word_embeddings', 'tie_embedding_weights'], false),
  };
  reader.finish();
  return config;
}

const ignored = [
  'initializer_range',
  'rescale_prenorm_residual',
  'residual_in_fp32',
  'time_step_rank',
  'time_step_min',
  'time_step_max',
  'time_step_floor',
  'time_step_init_scheme',
  'time_step_scale',
  'use_associative_scan',
  // Published Codestral Mamba says `true`, and transformers never reads it: with its weights only the gate
  // before the norm gives sensible logits (mamba2-codestral in test/fixtures: error 7.2 the other way round).
  'norm_before_gate',
  'max_position_embeddings',
];
