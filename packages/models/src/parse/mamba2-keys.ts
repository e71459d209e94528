import type { Mamba2Config } from '../config/layer-configs.js';
import * as bounds from './bounds.js';
import type { ConfigReader } from './config-reader.js';
import { requireDivisor } from './require-divisor.js';
import { readTimeStepLimit } from './time-step-limit.js';

/**
 * A Mamba-2 layer as Bamba and those after it spell it: `mamba_n_heads`, `mamba_d_head` (or `"auto"`),
 * `mamba_n_groups`, `mamba_d_state`, `mamba_d_conv`, `mamba_expand`, `mamba_chunk_size`, `mamba_conv_bias`,
 * `mamba_proj_bias`, `time_step_limit`.
 * @param options.innerSize where it is not `mamba_expand` · hidden
 * @throws E_CONFIG
 */
export function readMamba2Keys(
  reader: ConfigReader,
  options: { readonly hiddenSize: number; readonly normEpsilon: number; readonly innerSize?: number },
): Mamba2Config {
  reader.ignore(['mamba_dt_init_floor', 'mamba_dt_max', 'mamba_dt_min', 'time_step_floor']);
  reader.ignore(['time_step_max', 'time_step_min', 'time_step_rank']);
  const expand = reader.number('mamba_expand', bounds.expansion, 2);
  const inner = options.innerSize ?? Math.floor(expand * options.hiddenSize);
  const heads = reader.integer('mamba_n_heads', bounds.size, 128);
  const groups = reader.integer('mamba_n_groups', bounds.size, 1);
  requireDivisor(reader, { key: 'mamba_n_groups', value: groups }, { key: 'mamba_n_heads', value: heads });
  requireDivisor(reader, { key: 'mamba_n_heads', value: heads }, { key: 'the inner width', value: inner });
  const stated = reader.optional('mamba_d_head', '"auto" or an integer from 1', (value) => {
    if (value === 'auto') return inner / heads;
    return typeof value === 'number' && Number.isInteger(value) && value >= 1 ? value : undefined;
  });
  const headSize = stated ?? inner / heads;
  if (headSize * heads !== inner) {
    throw reader.error(
      `mamba_n_heads ${heads} times mamba_d_head ${headSize} is ${heads * headSize}, but the inner width is ${inner}. They must be equal.`,
      { keys: ['mamba_n_heads', 'mamba_d_head', 'mamba_expand'] },
    );
  }
  return {
    kind: 'mamba2',
    heads,
    headSize,
    stateSize: reader.integer('mamba_d_state', bounds.size, 256),
    groups,
    kernelSize: reader.integer('mamba_d_conv', bounds.kernel, 4),
    chunkSize: reader.integer('mamba_chunk_size', bounds.chunk, 256),
    projectionBias: reader.boolean('mamba_proj_bias', false),
    convolutionBias: reader.boolean('mamba_conv_bias', true),
    normEpsilon: options.normEpsilon,
    normBeforeGate: false,
    timeStepLimit: readTimeStepLimit(reader, ['time_step_limit', 'mamba_dt_limit']),
  };
}
