import type { HybridConfig } from '../config/hybrid-config.js';
import type {
  AttentionConfig,
  ExpertsConfig,
  LayerConfig,
  Mamba2Config,
  MlpConfig,
} from '../config/layer-configs.js';
import { mambaActivations, mlpActivations } from '../parse/activations.js';
import * as bounds from '../parse/bounds.js';
import { ConfigReader } from '../parse/config-reader.js';
import { rejectOtherShapes } from '../parse/reject-other-shapes.js';
import { requireDivisor } from '../parse/require-divisor.js';
import { readTimeStepLimit } from '../parse/time-step-limit.js';
import type { Family } from './family.js';
import { nemotronHForms } from './nemotron-h-forms.js';
import { readNemotronLayers } from './nemotron-h-layers.js';
import { tiedHead } from './tied-head.js';

/** NemotronHForCausalLM: the hybrid of arXiv 2406.07887, Mamba-2, attention without position embedding, MLP. */
export const nemotronHFamily: Family = {
  modelType: 'nemotron_h',
  parseConfig,
  storedForms: nemotronHForms,
  // `mtp.*` predicts further tokens, for speculative decoding only.
  ignoredTensors: (config) => [/^mtp\./, ...tiedHead(config)],
};

function parseConfig(json: unknown): HybridConfig {
  const reader = new ConfigReader('nemotron_h', json);
  rejectOtherShapes(reader);
  reader.ignore(ignored);
  reader.only('sliding_window', [], 'a sliding window is not supported in this family');

  const kinds = readNemotronLayers(reader);
  const epsilon = reader.number(['layer_norm_epsilon', 'rms_norm_eps', 'norm_eps'], bounds.epsilon, 1e-5);
  const layers = {
    mamba2: readMamba2(reader, epsilon),
    attention: readAttention(reader),
    mlp: readMlp(reader),
    experts: readExperts(reader, kinds.includes('experts')),
  } as const satisfies Record<string, LayerConfig>;

  const config: HybridConfig = {
    family: 'nemotron_h',
    vocabularySize: reader.integer('vocab_size', bounds.largeSize, 131_072),
    hiddenSize: reader.integer('hidden_size', bounds.size, 4096),
    contextLength: reader.integer('max_position_embeddings', bounds.contextLength, 4096),
    layers: kinds.map((kind) => layers[kind]),
    norm: { kind: 'rms', epsilon },
    isTied: reader.boolean('tie_word_embeddings', false),
  };
  reader.finish();
  return config;
}

function readMamba2(reader: ConfigReader, normEpsilon: number): Mamba2Config {
  reader.choice('mamba_hidden_act', mambaActivations, 'silu');
  readTimeStepLimit(reader, ['time_step_limit', 'mamba_dt_limit']);
  // The inner width is heads · head size, whatever `expand` says.
  reader.number(['expand', 'mamba_expand'], bounds.expansion, 2);
  const heads = reader.integer('mamba_num_heads', bounds.size, 128);
  const groups = reader.integer(['n_groups', 'mamba_n_groups'], bounds.size, 8);
  requireDivisor(reader, { key: 'n_groups', value: groups }, { key: 'mamba_num_heads', value: heads });
  return {
    kind: 'mamba2',
    heads,
    headSize: reader.integer('mamba_head_dim', bounds.size, 64),
    stateSize: reader.integer('ssm_state_size', bounds.size, 128),
    groups,
    kernelSize: reader.integer(['conv_kernel', 'mamba_d_conv'], bounds.kernel, 4),
    chunkSize: reader.integer(['chunk_size', 'mamba_chunk_size'], bounds.chunk, 128),
    projectionBias: reader.boolean('use_bias', false),
    convolutionBias: reader.boolean(['use_conv_bias', 'mamba_conv_bias'], true),
    normEpsilon,
    normBeforeGate: false,
    // transformers clamps dt from below by `time_step_min` and does not look at `time_step_limit` in this family
    // (modeling_nemotron_h.py at 008d9e9577, torch_forward; the fused kernels do the opposite). Trained
    // checkpoints reach below 1e-3, so that the choice shows in the logits.
    timeStepLimit: [
      reader.number(['time_step_min', 'mamba_dt_min'], { low: 0, high: 1e6 }, 1e-3),
      Number.POSITIVE_INFINITY,
    ],
  };
}

function readAttention(reader: ConfigReader): AttentionConfig {
  const heads = reader.integer('num_attention_heads', bounds.size, 32);
  // `null` asks for as many as heads.
  const isPlain = reader.isNull('num_key_value_heads') || heads % 8 !== 0;
  const keyValueHeads = reader.integer('num_key_value_heads', bounds.size, isPlain ? heads : 8);
  requireDivisor(
    reader,
    { key: 'num_key_value_heads', value: keyValueHeads },
    { key: 'num_attention_heads', value: heads },
  );
  return {
    kind: 'attention',
    heads,
    keyValueHeads,
    headSize: reader.integer(['head_dim', 'attention_head_dim'], bounds.size, 128),
    bias: false,
  };
}

function readMlp(reader: ConfigReader): MlpConfig {
  return {
    kind: 'mlp',
    innerSize: reader.integer('intermediate_size', bounds.largeSize, 21_504),
    activation: reader.choice('mlp_hidden_act', mlpActivations, 'relu2'),
    gated: false,
    bias: reader.boolean('mlp_bias', false),
  };
}

/** A mixture of experts. @param isUsed whether the pattern has one: else the keys may say anything */
function readExperts(reader: ConfigReader, isUsed: boolean): ExpertsConfig {
  const experts = reader.integer(['n_routed_experts', 'num_local_experts'], bounds.size, 8);
  const most = isUsed ? experts : bounds.size.high;
  const groups = reader.integer('n_group', bounds.size, 1);
  const groupsChosen = reader.integer('topk_group', { low: 1, high: isUsed ? groups : most }, 1);
  if (isUsed) {
    requireDivisor(reader, { key: 'n_group', value: groups }, { key: 'n_routed_experts', value: experts });
  }
  const bias = reader.boolean('mlp_bias', false);
  const latent = reader.optionalInteger('moe_latent_size', bounds.size);
  // One MLP, whatever `n_shared_experts` says: its size has that in it.
  reader.integer('n_shared_experts', { low: 0, high: bounds.size.high }, 1);
  return {
    kind: 'experts',
    experts,
    chosen: reader.integer('num_experts_per_tok', { low: 1, high: most }, 2),
    innerSize: reader.integer('moe_intermediate_size', bounds.largeSize, 7688),
    activation: reader.choice('mlp_hidden_act', mlpActivations, 'relu2'),
    gated: false,
    router: {
      scores: 'sigmoid',
      isNormalized: reader.boolean('norm_topk_prob', true),
      scale: reader.number('routed_scaling_factor', bounds.multiplier, 1),
      hasCorrection: true,
      ...(groups > 1 && { groups: { count: groups, chosen: groupsChosen } }),
    },
    shared: {
      innerSize: reader.integer('moe_shared_expert_intermediate_size', bounds.largeSize, 7688),
      bias,
      hasGate: false,
    },
    ...(latent !== undefined && { latent: { size: latent, bias } }),
  };
}

const ignored = [
  // Training, initialisation and choice of implementation.
  'attention_dropout',
  'hidden_dropout',
  'initializer_range',
  'mamba_dt_init_floor',
  'mamba_dt_max',
  'mamba_ssm_cache_dtype',
  'num_logits_to_keep',
  'rescale_prenorm_residual',
  'residual_in_fp32',
  'time_step_floor',
  'time_step_max',
  'time_step_rank',
  'use_mamba_kernels',
  // Written, but never read by any implementation: `use_bias` decides.
  'mamba_proj_bias',
  // Written, but transformers makes the attention of Jamba here, which has no biases.
  'attention_bias',
  // Attention has no position embedding in this family.
  'partial_rotary_factor',
  'rope_theta',
  'moe_shared_expert_overlap',
  // Prediction of further tokens, whose tensors are left unread.
  'keep_mtp_spec_in_bf16',
  'mtp_hybrid_override_pattern',
  'mtp_layers_block_type',
  'num_nextn_predict_layers',
];
