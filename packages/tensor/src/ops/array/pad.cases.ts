import type { OpCase } from '../../graph/op-case.js';
import { awkwardSizes, counting, integerDTypes, layouts, normal, otherFloats } from '../case-input.js';

/** Cases of `pad`. */
export const padCases: readonly OpCase[] = [
  ...awkwardSizes.map((size) => ({
    name: `${size} elements, 3 before and 2 after`,
    inputs: [normal([size])],
    attributes: { before: [3], after: [2], value: 0 },
  })),
  { name: 'two axes', inputs: [normal([3, 5])], attributes: { before: [1, 0], after: [0, 2], value: -1.5 } },
  {
    name: 'four axes',
    inputs: [normal([2, 3, 2, 3])],
    attributes: { before: [0, 1, 0, 2], after: [1, 0, 0, 1], value: 1 },
  },
  {
    name: 'nothing to add',
    inputs: [normal([3, 5])],
    attributes: { before: [0, 0], after: [0, 0], value: 1 },
  },
  {
    name: '−∞',
    inputs: [normal([3])],
    attributes: { before: [1], after: [1], value: Number.NEGATIVE_INFINITY },
  },
  ...layouts.map((layout) => ({
    name: layout,
    inputs: [normal([5, 33], { layout })],
    attributes: { before: [1, 2], after: [3, 4], value: 0.5 },
  })),
  ...otherFloats.map((dtype) => ({
    name: dtype,
    inputs: [normal([2, 33], { dtype })],
    attributes: { before: [1, 2], after: [0, 1], value: 0.5 },
  })),
  ...integerDTypes.map((dtype) => ({
    name: dtype,
    inputs: [counting([2, 3], dtype)],
    attributes: { before: [1, 2], after: [0, 1], value: 1 },
  })),
];
