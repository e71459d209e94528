import type { OpCase } from '../../graph/op-case.js';
import { awkwardSizes, integerDTypes, layouts, listed, normal, otherFloats } from '../case-input.js';

function condition(shape: readonly number[]): OpCase['inputs'][number] {
  return listed([1, 0, 0, 1, 1], { dtype: 'bool', shape });
}

/** Cases of `select`. */
export const selectCases: readonly OpCase[] = [
  ...awkwardSizes.map((size) => ({
    name: `${size} elements`,
    inputs: [condition([size]), normal([size]), normal([size])],
  })),
  {
    name: 'NaN in the branch not taken',
    inputs: [
      listed([1, 0], { dtype: 'bool', shape: [32] }),
      listed([1, Number.NaN], { shape: [32] }),
      listed([Number.NaN, 2], { shape: [32] }),
    ],
  },
  ...layouts.map((layout) => ({
    name: `second branch ${layout}`,
    inputs: [condition([5, 33]), normal([5, 33]), normal([5, 33], { layout })],
  })),
  ...otherFloats.map((dtype) => ({
    name: dtype,
    inputs: [condition([33]), normal([33], { dtype }), normal([33], { dtype })],
  })),
  ...integerDTypes.map((dtype) => ({
    name: dtype,
    inputs: [
      condition([33]),
      listed([1, 0, 1], { dtype, shape: [33] }),
      listed([0, 1], { dtype, shape: [33] }),
    ],
  })),
];
