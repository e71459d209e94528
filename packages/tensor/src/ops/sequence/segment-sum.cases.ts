import type { OpCase } from '../../graph/op-case.js';
import { layouts, normal, otherFloats } from '../case-input.js';

/** Cases of `segmentSum`. */
export const segmentSumCases: readonly OpCase[] = [
  ...[0, 1, 31, 32, 33].map((length) => ({ name: `${length} terms`, inputs: [normal([3, length])] })),
  { name: '257 terms', inputs: [normal([257])] },
  { name: 'two axes before', inputs: [normal([2, 3, 17])] },
  { name: 'no rows', inputs: [normal([0, 5])] },
  { name: 'decays of a long chunk', inputs: [normal([2, 64], { mean: -20, scale: 5 })] },
  ...layouts.map((layout) => ({
    name: layout,
    inputs: [normal([5, 33], { layout })],
  })),
  ...otherFloats.map((dtype) => ({
    name: dtype,
    inputs: [normal([2, 33], { dtype, scale: 0.5 })],
  })),
];
