import type { LayerConfig, Mamba2Config, MambaConfig } from '../config/layer-configs.js';
import * as bounds from '../parse/bounds.js';
import type { ConfigReader } from '../parse/config-reader.js';
import { requireDivisor } from '../parse/require-divisor.js';
import { readTimeStepLimit } from '../parse/time-step-limit.js';
import { readTimeStepRank } from '../parse/time-step-rank.js';

/** The mixer that `ssm_cfg` describes: Mamba or Mamba-2, the latter perhaps with an MLP beside it. @throws E_CONFIG */
export function readSsmMixer(reader: ConfigReader, hiddenSize: number): LayerConfig {
  const layer = reader.optional('layer', 'Mamba1 or Mamba2', (value) =>
    typeof value === 'string' ? value : undefined,
  );
  if (layer === 'Mamba3') {
    throw reader.error('layer is "Mamba3", which is not supported yet; Mamba1 and Mamba2 are.', {
      key: 'layer',
    });
  }
  if (layer !== undefined && layer !== 'Mamba1' && layer !== 'Mamba2') {
    throw reader.error(`layer is ${JSON.stringify(layer)}, expected Mamba1 or Mamba2.`, { key: 'layer' });
  }
  reader.ignore(ignored);
  const inner = reader.number('expand', bounds.expansion, 2) * hiddenSize;
  if (!Number.isInteger(inner)) {
    throw reader.error(`expand times d_model ${hiddenSize} is ${inner}, expected an integer.`, {
      key: 'expand',
    });
  }
  const mixer = layer === 'Mamba2' ? readMamba2(reader, inner) : readMamba(reader, { hiddenSize, inner });
  reader.finish();
  return mixer;
}

function readMamba(
  reader: ConfigReader,
  sizes: { readonly hiddenSize: number; readonly inner: number },
): MambaConfig {
  return {
    kind: 'mamba',
    innerSize: sizes.inner,
    stateSize: reader.integer('d_state', bounds.size, 16),
    timeStepRank: readTimeStepRank(reader, 'dt_rank', sizes.hiddenSize),
    kernelSize: reader.integer('d_conv', bounds.kernel, 4),
    projectionBias: reader.boolean('bias', false),
    convolutionBias: reader.boolean('conv_bias', true),
  };
}

function readMamba2(reader: ConfigReader, inner: number): LayerConfig {
  const ssm = reader.integer('d_ssm', { low: 1, high: inner }, inner);
  const headSize = reader.integer('headdim', bounds.size, 64);
  requireDivisor(reader, { key: 'headdim', value: headSize }, { key: 'd_ssm', value: ssm });
  const groups = reader.integer('ngroups', bounds.size, 1);
  const heads = ssm / headSize;
  requireDivisor(reader, { key: 'ngroups', value: groups }, { key: 'the heads', value: heads });
  const hasNorm = reader.boolean('rmsnorm', true);
  const layer: Mamba2Config = {
    kind: 'mamba2',
    heads,
    headSize,
    stateSize: reader.integer('d_state', bounds.size, 128),
    groups,
    kernelSize: reader.integer('d_conv', bounds.kernel, 4),
    chunkSize: reader.integer('chunk_size', bounds.chunk, 256),
    projectionBias: reader.boolean('bias', false),
    convolutionBias: reader.boolean('conv_bias', true),
    normEpsilon: 1e-5,
    normBeforeGate: reader.boolean('norm_before_gate', false),
    ...(!hasNorm && { gatedNorm: 'none' as const }),
    ...(reader.boolean('D_has_hdim', false) && { skipPerChannel: true }),
    timeStepLimit: readTimeStepLimit(reader, 'dt_limit'),
  };
  if (ssm === inner) return layer;
  if (layer.projectionBias) {
    throw reader.error('d_ssm below the inner width together with bias is not supported.', {
      keys: ['d_ssm', 'bias'],
    });
  }
  // silu(z0) · x0 beside the state-space part is a gated MLP whose matrices lie inside the projections.
  return {
    kind: 'parallel',
    branches: [
      { layer: { kind: 'mlp', innerSize: inner - ssm, activation: 'silu', gated: true, bias: false } },
      { layer },
    ],
  };
}

// Initialisation and choice of implementation.
const ignored = [
  'A_init_range',
  'conv_init',
  'device',
  'dt_init',
  'dt_init_floor',
  'dt_max',
  'dt_min',
  'dt_scale',
  'dtype',
  'sequence_parallel',
  'use_fast_path',
  'use_mem_eff_path',
];
