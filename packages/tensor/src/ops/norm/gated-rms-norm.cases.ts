import type { OpCase } from '../../graph/op-case.js';
import { type CaseInputOptions, layouts, normal, otherFloats } from '../case-input.js';

function gated(
  shape: readonly number[],
  groups: number,
  normBeforeGate: boolean,
  options: CaseInputOptions = {},
): OpCase {
  const order = normBeforeGate ? 'norm, then gate' : 'gate, then norm';
  const kind = options.layout ?? options.dtype ?? 'f32';
  return {
    name: `[${shape.join(', ')}] in ${groups} groups, ${order}, ${kind}`,
    inputs: [
      normal(shape, options),
      normal(shape, options),
      normal([shape[shape.length - 1]!], { mean: 1, ...(options.dtype && { dtype: options.dtype }) }),
    ],
    attributes: { epsilon: 1e-5, groups, normBeforeGate },
  };
}

/** Cases of `gatedRmsNorm`. */
export const gatedRmsNormCases: readonly OpCase[] = [true, false].flatMap((normBeforeGate) => [
  ...[1, 31, 32, 33, 255, 257].map((width) => gated([3, width], 1, normBeforeGate)),
  gated([2, 3, 66], 2, normBeforeGate),
  gated([2, 3, 66], 66, normBeforeGate),
  gated([0, 4], 2, normBeforeGate),
  ...layouts.map((layout) => gated([5, 32], 4, normBeforeGate, { layout })),
  ...otherFloats.map((dtype) => gated([2, 32], 4, normBeforeGate, { dtype })),
]);
