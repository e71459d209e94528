import type { OpCase } from '../../graph/op-case.js';
import { awkwardSizes, layouts, listed, normal, otherFloats } from '../case-input.js';

const { NaN: notANumber, POSITIVE_INFINITY: infinity, NEGATIVE_INFINITY: minusInfinity } = Number;

/** Cases of `argmax`. */
export const argmaxCases: readonly OpCase[] = [
  ...awkwardSizes
    .filter((size) => size > 0)
    .map((size) => ({ name: `last axis of ${size}`, inputs: [normal([3, size])] })),
  { name: 'no rows', inputs: [normal([0, 5])] },
  { name: 'one axis', inputs: [normal([33])] },
  { name: 'the first of equals', inputs: [listed([1, 3, 3, 2, 3], { shape: [3, 5] })] },
  {
    name: 'NaN is largest',
    inputs: [listed([1, infinity, notANumber, 2, notANumber, 3], { shape: [2, 6] })],
  },
  { name: 'only −∞', inputs: [listed([minusInfinity], { shape: [2, 33] })] },
  { name: 'signed zeros are equal', inputs: [listed([-0, 0, -0])] },
  ...layouts.map((layout) => ({
    name: layout,
    inputs: [normal([5, 33], { layout })],
  })),
  ...otherFloats.map((dtype) => ({
    name: dtype,
    inputs: [normal([2, 33], { dtype })],
  })),
];
