import type { OpCase } from '../../graph/op-case.js';
import { awkwardSizes, integers, layouts, listed, normal, otherFloats } from '../case-input.js';

const forward = { axis: 1, reverse: false };
const backward = { axis: 1, reverse: true };

/** Cases of `cumulativeSum`. */
export const cumulativeSumCases: readonly OpCase[] = [
  ...awkwardSizes.map((size) => ({
    name: `${size} terms`,
    inputs: [normal([3, size])],
    attributes: forward,
  })),
  ...[0, 1, 33, 257].map((size) => ({
    name: `${size} terms from the end`,
    inputs: [normal([3, size])],
    attributes: backward,
  })),
  { name: 'first axis', inputs: [normal([33, 5])], attributes: { axis: 0, reverse: false } },
  { name: 'middle axis from the end', inputs: [normal([2, 33, 3])], attributes: backward },
  ...layouts.map((layout) => ({
    name: layout,
    inputs: [normal([5, 33], { layout })],
    attributes: forward,
  })),
  ...otherFloats.map((dtype) => ({
    name: `${dtype}, accumulated wider`,
    inputs: [normal([2, 65], { dtype, scale: 0.5 })],
    attributes: forward,
  })),
  { name: 'i32', inputs: [integers([5, -7, 2147483647, 3], [2, 33])], attributes: forward },
  {
    name: 'NaN spreads forward only',
    inputs: [listed([1, 2, Number.NaN, 3], { shape: [1, 4] })],
    attributes: forward,
  },
];
