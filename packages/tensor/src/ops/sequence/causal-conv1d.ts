import type { OpDefinition } from '../../graph/op-definition.js';
import { record } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { reshape, slice, squeeze, unsqueeze } from '../../graph/views.js';
import { silu } from '../activation/silu.js';
import { concat } from '../array/concat.js';
import { gatherRows } from '../array/gather-rows.js';
import { iota } from '../array/iota.js';
import { writeRows } from '../array/scatter-rows.js';
import { expandTo } from '../broadcast.js';
import { floats, requireAttribute, requireDType } from '../checks.js';
import { add, mul } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { matchShapes } from '../match-shapes.js';
import { accumulated } from '../tolerances.js';
import { computeDType } from '../widen.js';
import { maskInactive } from './slots.js';

export const causalConv1dDefinition: OpDefinition = {
  name: 'causalConv1d',
  tolerance: accumulated,
  infer: ([x, weight, bias, tails, slots, lengths], attributes) => {
    for (const [name, type] of [
      ['x', x!],
      ['weight', weight!],
      ['bias', bias!],
      ['tails', tails!],
    ] as const) {
      requireDType('causalConv1d', name, type, floats);
    }
    requireDType('causalConv1d', 'slots', slots!, ['i32']);
    requireDType('causalConv1d', 'lengths', lengths!, ['i32']);
    matchShapes('causalConv1d', [
      ['x', x!, 'B T C'],
      ['weight', weight!, 'C K'],
      ['bias', bias!, 'C'],
      ['tails', tails!, 'S K-1 C'],
      ['slots', slots!, 'B'],
      ['lengths', lengths!, 'B'],
    ]);
    const { activation } = attributes;
    const isKnown = activation === 'none' || activation === 'silu';
    requireAttribute('causalConv1d', attributes, 'activation', "'none' or 'silu'", isKnown);
    return [x!, tails!];
  },
  decompose: (inputs, { activation }) => {
    const [x, weight, bias, tails, slots, lengths] = inputs as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const [batch, length, channels] = x.shape as [number, number, number];
    const width = weight.shape[1]!;
    const dtype = computeDType(x, weight, bias, tails);
    const before = cast(gatherRows(tails, slots), dtype);
    const full = concat([before, cast(x, dtype)], 1); // [B, K − 1 + T, C]

    const taps = cast(weight, dtype);
    let total = expandTo(cast(bias, dtype), [batch, length, channels]);
    for (let tap = 0; tap < width; tap++) {
      const factor = squeeze(slice(taps, 1, tap, tap + 1), 1); // [C]
      total = add(total, mul(slice(full, 1, tap, tap + length), factor));
    }
    const y = activation === 'silu' ? silu(total) : total;

    // Input t of the chunk is row K − 1 + t of `full`: the last K − 1 before the length start at row `length`.
    const rows = width - 1 + length;
    const first = add(mul(iota([batch]), rows), lengths);
    const index = add(unsqueeze(first, -1), iota([1, width - 1])); // [B, K − 1]
    const newTails = gatherRows(reshape(full, [batch * rows, channels]), index);
    return [
      maskInactive(y, slots, tails.shape[0]!, x.dtype),
      writeRows(tails, slots, cast(newTails, tails.dtype)),
    ];
  },
};

/** Inputs of {@link causalConv1d}. */
export interface CausalConv1dInputs {
  /** float[B, T, C] */
  readonly x: Tensor;
  /** float[C, K], oldest tap first. */
  readonly weight: Tensor;
  /** float[C] */
  readonly bias: Tensor;
  /** float[S, K − 1, C], the pool of the last inputs, oldest first. */
  readonly tails: Tensor;
  /** i32[B]; a row whose slot is outside 0 … S − 1 gives zeros and leaves the pool. */
  readonly slots: Tensor;
  /** i32[B], valid inputs of the chunk, 0 … T. */
  readonly lengths: Tensor;
}

/** Options of {@link causalConv1d}. */
export interface CausalConv1dOptions {
  /** Default is `none`. */
  readonly activation?: 'none' | 'silu';
}

/**
 * Depthwise causal convolution with carried inputs: y[t] = act(bias + Σₖ weight[k] · x[t − K + 1 + k]), where
 * x before the chunk is the tail. The new tail is the last K − 1 inputs before lengths[b]. (The short
 * convolution of Gu & Dao 2023, §3.4.)
 * @returns y as `x`; the pool `tails` with the rows of the batch written
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function causalConv1d(
  inputs: CausalConv1dInputs,
  options: CausalConv1dOptions = {},
): { y: Tensor; tails: Tensor } {
  const { x, weight, bias, tails, slots, lengths } = inputs;
  const attributes = { activation: options.activation ?? 'none' };
  const outputs = record(causalConv1dDefinition, [x, weight, bias, tails, slots, lengths], attributes);
  return { y: outputs[0]!, tails: outputs[1]! };
}
