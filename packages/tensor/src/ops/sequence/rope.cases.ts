import type { OpCase } from '../../graph/op-case.js';
import { type CaseInputOptions, integers, layouts, normal, otherFloats } from '../case-input.js';

function turned(
  name: string,
  [B, T, H, D]: readonly [number, number, number, number],
  pairs: number,
  isInterleaved: boolean,
  options: CaseInputOptions = {},
): OpCase {
  return {
    name: `${name}, ${isInterleaved ? 'interleaved' : 'halves'}`,
    inputs: [
      normal([B, T, H, D], options),
      integers([0, 1, 2, 100, 1023, 7], [B, T]),
      {
        dtype: 'f32',
        shape: [pairs],
        layout: 'contiguous',
        values: { kind: 'list', values: [1, 0.31622776, 0.1, 0.01, 0.001] },
      },
    ],
    attributes: { interleaved: isInterleaved },
  };
}

/** Cases of `rope`. */
export const ropeCases: readonly OpCase[] = [true, false].flatMap((isInterleaved) => [
  turned('all dimensions', [2, 5, 3, 16], 8, isInterleaved),
  turned('half of the dimensions', [2, 5, 3, 16], 4, isInterleaved),
  turned('one pair', [1, 33, 1, 2], 1, isInterleaved),
  turned('no pair', [1, 3, 2, 4], 0, isInterleaved),
  turned('an odd head size', [1, 4, 2, 7], 3, isInterleaved),
  turned('no positions', [2, 0, 3, 8], 4, isInterleaved),
  turned('one position', [3, 1, 2, 64], 32, isInterleaved),
  ...layouts.map((layout) => turned(layout, [2, 3, 2, 8], 4, isInterleaved, { layout })),
  ...otherFloats.map((dtype) => turned(dtype, [2, 3, 2, 8], 4, isInterleaved, { dtype })),
]);
