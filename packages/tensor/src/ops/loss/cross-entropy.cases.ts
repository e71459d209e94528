import type { OpCase } from '../../graph/op-case.js';
import { integers, layouts, listed, normal, otherFloats } from '../case-input.js';

const minusInfinity = Number.NEGATIVE_INFINITY;

/** Cases of `crossEntropy`. */
export const crossEntropyCases: readonly OpCase[] = [
  ...[1, 31, 32, 33, 255, 257].map((vocabulary) => ({
    name: `vocabulary of ${vocabulary}`,
    inputs: [normal([3, vocabulary], { scale: 3 }), integers([0, vocabulary - 1, vocabulary >> 1])],
  })),
  { name: 'no rows', inputs: [normal([0, 5]), integers([])] },
  { name: 'targets outside give 0', inputs: [normal([5, 7]), integers([-1, 7, -100, 6, 2147483647])] },
  { name: 'large logits', inputs: [listed([1000, -1000, 999], { shape: [3, 3] }), integers([0, 1, 2])] },
  {
    name: 'a target of probability 0',
    inputs: [listed([1, minusInfinity, 2], { shape: [2, 3] }), integers([1, 0])],
  },
  ...layouts.map((layout) => ({
    name: layout,
    inputs: [normal([3, 33], { layout }), integers([0, 32, 7])],
  })),
  ...otherFloats.map((dtype) => ({
    name: dtype,
    inputs: [normal([3, 33], { dtype, scale: 3 }), integers([0, 32, -1])],
  })),
];
