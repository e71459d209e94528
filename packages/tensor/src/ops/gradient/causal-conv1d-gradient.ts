import type { OpDefinition } from '../../graph/op-definition.js';
import { record } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { reshape, slice, squeeze, unsqueeze } from '../../graph/views.js';
import { concat } from '../array/concat.js';
import { fill } from '../array/fill.js';
import { gatherRows } from '../array/gather-rows.js';
import { iota } from '../array/iota.js';
import { pad } from '../array/pad.js';
import { sum } from '../array/reduce.js';
import { scatterAddRows, writeRows } from '../array/scatter-rows.js';
import { expandTo } from '../broadcast.js';
import { add, mul } from '../elementwise/binary.js';
import {
  type CausalConv1dInputs,
  type CausalConv1dOptions,
  causalConv1dDefinition,
} from '../sequence/causal-conv1d.js';
import { maskInactive } from '../sequence/slots.js';
import { accumulated } from '../tolerances.js';
import { requireGradientOf, requireWide } from './check-gradient.js';
import { throughSilu } from './gated-rms-norm-gradient.js';

export const causalConv1dGradientDefinition: OpDefinition = {
  name: 'causalConv1dGradient',
  tolerance: accumulated,
  infer: (inputs, attributes) => {
    const [x, weight, bias, tails, , , dy, dtails] = inputs;
    requireWide(
      'causalConv1dGradient',
      ['x', x!],
      [
        ['weight', weight!],
        ['bias', bias!],
        ['tails', tails!],
      ],
    );
    causalConv1dDefinition.infer(inputs.slice(0, 6), attributes, undefined);
    requireGradientOf('causalConv1dGradient', ['x', x!], ['dy', dy!]);
    if (dtails) requireGradientOf('causalConv1dGradient', ['tails', tails!], ['dtails', dtails]);
    return [x!, weight!, bias!, tails!];
  },
  decompose: (inputs, { activation }) => {
    const [x, weight, bias, tails, slots, lengths, dy] = inputs as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const dtails = inputs[7];
    const [batch, length, channels] = x.shape as [number, number, number];
    const width = weight.shape[1]!;
    const full = concat([gatherRows(tails, slots), x], 1); // [B, K − 1 + T, C]
    const tapOf = (tap: number): Tensor => squeeze(slice(weight, 1, tap, tap + 1), 1); // [C]
    const seenBy = (tap: number): Tensor => slice(full, 1, tap, tap + length);

    let arriving = maskInactive(dy, slots, tails.shape[0]!, dy.dtype);
    if (activation === 'silu') {
      let total = expandTo(bias, [batch, length, channels]);
      for (let tap = 0; tap < width; tap++) total = add(total, mul(seenBy(tap), tapOf(tap)));
      arriving = throughSilu(total, arriving);
    }
    const dtaps: Tensor[] = [];
    let dfull: Tensor | undefined;
    for (let tap = 0; tap < width; tap++) {
      dtaps.push(unsqueeze(sum(mul(arriving, seenBy(tap)), [0, 1]), -1)); // [C, 1]
      const placed = pad(mul(arriving, tapOf(tap)), [0, tap, 0], [0, width - 1 - tap, 0]);
      dfull = dfull ? add(dfull, placed) : placed;
    }
    const rows = width - 1 + length;
    if (dtails && width > 1) {
      // The last K − 1 inputs before the length are the new tail: what arrives there goes back to them.
      const first = add(mul(iota([batch]), rows), lengths);
      const index = reshape(add(unsqueeze(first, -1), iota([1, width - 1])), [batch * (width - 1)]);
      const arrived = reshape(gatherRows(dtails, slots), [batch * (width - 1), channels]);
      const flat = reshape(dfull!, [batch * rows, channels]);
      dfull = reshape(scatterAddRows(flat, index, arrived), [batch, rows, channels]);
    }
    const dbefore = slice(dfull!, 1, 0, width - 1);
    // Where a tail was overwritten, its old value counts only through what read it.
    const kept = dtails
      ? writeRows(dtails, slots, fill(dbefore.shape, 0, tails.dtype))
      : fill(tails.shape, 0, tails.dtype);
    return [
      slice(dfull!, 1, width - 1),
      concat(dtaps, 1),
      sum(arriving, [0, 1]),
      scatterAddRows(kept, slots, dbefore),
    ];
  },
};

/**
 * The gradient of `causalConv1d`, from those of its outputs.
 * @param inputs as the op's, all floats f32 or all f64
 * @param gradients `dy` as `x`; `dtails` as `tails`, zeros when absent
 * @returns gradients of `x`, `weight`, `bias` and `tails`
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function causalConv1dGradient(
  inputs: CausalConv1dInputs,
  gradients: { readonly dy: Tensor; readonly dtails?: Tensor | undefined },
  options: Required<CausalConv1dOptions>,
): { dx: Tensor; dweight: Tensor; dbias: Tensor; dtails: Tensor } {
  const { x, weight, bias, tails, slots, lengths } = inputs;
  const { dy, dtails: arriving } = gradients;
  const [dx, dweight, dbias, dtails] = record(
    causalConv1dGradientDefinition,
    [x, weight, bias, tails, slots, lengths, dy, ...(arriving ? [arriving] : [])],
    { activation: options.activation },
  );
  return { dx: dx!, dweight: dweight!, dbias: dbias!, dtails: dtails! };
}
