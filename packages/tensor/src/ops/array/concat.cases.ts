import type { OpCase } from '../../graph/op-case.js';
import { awkwardSizes, counting, integerDTypes, layouts, normal, otherFloats } from '../case-input.js';

/** Cases of `concat`. */
export const concatCases: readonly OpCase[] = [
  ...awkwardSizes.map((size) => ({
    name: `last axis, 3 and ${size}`,
    inputs: [normal([2, 3]), normal([2, size])],
    attributes: { axis: 1 },
  })),
  { name: 'first axis', inputs: [normal([2, 33]), normal([3, 33])], attributes: { axis: 0 } },
  {
    name: 'middle axis',
    inputs: [normal([2, 1, 5]), normal([2, 3, 5]), normal([2, 0, 5])],
    attributes: { axis: 1 },
  },
  {
    name: 'eleven inputs',
    inputs: Array.from({ length: 11 }, (_, n) => normal([2, n])),
    attributes: { axis: 1 },
  },
  { name: 'one input', inputs: [normal([2, 3])], attributes: { axis: 0 } },
  ...layouts.map((layout) => ({
    name: `first input ${layout}`,
    inputs: [normal([5, 33], { layout }), normal([5, 7])],
    attributes: { axis: 1 },
  })),
  ...otherFloats.map((dtype) => ({
    name: dtype,
    inputs: [normal([2, 33], { dtype }), normal([2, 31], { dtype })],
    attributes: { axis: 1 },
  })),
  ...integerDTypes.map((dtype) => ({
    name: dtype,
    inputs: [counting([2, 3], dtype), counting([2, 5], dtype)],
    attributes: { axis: 1 },
  })),
];
