import type { HybridConfig } from '../config/hybrid-config.js';
import type { MambaConfig } from '../config/layer-configs.js';
import { mambaActivations } from '../parse/activations.js';
import * as bounds from '../parse/bounds.js';
import { ConfigReader } from '../parse/config-reader.js';
import { expandedSize } from '../parse/expanded-size.js';
import { rejectOtherShapes } from '../parse/reject-other-shapes.js';
import { readTimeStepRank } from '../parse/time-step-rank.js';

/**
 * Reads a model of Mamba layers alone in the layout of transformers.
 * @param own reads what the family's layers have of their own
 * @throws E_CONFIG
 */
export function readMambaModel(
  family: string,
  json: unknown,
  own: (reader: ConfigReader) => Partial<MambaConfig>,
): HybridConfig {
  const reader = new ConfigReader(family, json);
  rejectOtherShapes(reader);
  reader.ignore(ignored);
  reader.only('rms_norm', [true], 'only RMSNorm is supported');
  reader.choice('hidden_act', mambaActivations, 'silu');

  const hiddenSize = reader.integer(['hidden_size', 'd_model'], bounds.size, 768);
  const layer: MambaConfig = {
    kind: 'mamba',
    innerSize: expandedSize(reader, hiddenSize),
    stateSize: reader.integer('state_size', bounds.size, 16),
    timeStepRank: readTimeStepRank(reader, 'time_step_rank', hiddenSize),
    kernelSize: reader.integer('conv_kernel', bounds.kernel, 4),
    projectionBias: reader.boolean('use_bias', false),
    convolutionBias: reader.boolean('use_conv_bias', true),
    ...own(reader),
  };
  const config: HybridConfig = {
    family,
    vocabularySize: reader.integer('vocab_size', bounds.largeSize, 50_280),
    hiddenSize,
    layers: new Array<MambaConfig>(
      reader.integer(['num_hidden_layers', 'n_layer'], bounds.layerCount, 32),
    ).fill(layer),
    norm: { kind: 'rms', epsilon: reader.number('layer_norm_epsilon', bounds.epsilon, 1e-5) },
    isTied: reader.boolean(['tie_word_embeddings', 'tie_embeddings'], true),
  };
  reader.finish();
  return config;
}

// Initialisation and choice of implementation; the last three were left by the conversion from mamba_ssm.
const ignored = [
  'initializer_range',
  'rescale_prenorm_residual',
  'residual_in_fp32',
  'time_step_scale',
  'time_step_min',
  'time_step_max',
  'time_step_floor',
  'time_step_init_scheme',
  'use_associative_scan',
  'use_falcon_mambapy',
  'use_mambapy',
  'fused_add_norm',
  'pad_vocab_size_multiple',
  'ssm_cfg',
];
