import type { OpCase } from '../../graph/op-case.js';
import { listed, normal, otherFloats } from '../case-input.js';

const { NaN: notANumber, POSITIVE_INFINITY: infinity, NEGATIVE_INFINITY: minusInfinity } = Number;

/** Cases of `topK`. */
export const topKCases: readonly OpCase[] = [
  ...[1, 31, 32, 33, 255, 257].flatMap((size) =>
    [...new Set([1, Math.ceil(size / 2), size])].map((k) => ({
      name: `${k} of ${size}`,
      inputs: [normal([3, size])],
      attributes: { k },
    })),
  ),
  { name: 'one axis', inputs: [normal([33])], attributes: { k: 5 } },
  { name: 'no rows', inputs: [normal([0, 33])], attributes: { k: 5 } },
  {
    name: 'the first of equals',
    inputs: [listed([1, 2, 2, 0, 2], { shape: [3, 35] })],
    attributes: { k: 20 },
  },
  {
    name: 'NaN and infinities',
    inputs: [listed([1, notANumber, infinity, minusInfinity, 0.5], { shape: [2, 33] })],
    attributes: { k: 30 },
  },
  ...(['transposed', 'strided'] as const).map((layout) => ({
    name: layout,
    inputs: [normal([5, 33], { layout })],
    attributes: { k: 4 },
  })),
  ...otherFloats.map((dtype) => ({
    name: dtype,
    inputs: [normal([2, 33], { dtype })],
    attributes: { k: 4 },
  })),
];
