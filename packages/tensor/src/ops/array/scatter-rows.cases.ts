import type { OpCase } from '../../graph/op-case.js';
import { counting, integerDTypes, integers, layouts, listed, normal, otherFloats } from '../case-input.js';

/** Cases of `scatterAddRows`. */
export const scatterAddRowsCases: readonly OpCase[] = [
  {
    name: 'repeated indices add up',
    inputs: [normal([5, 33]), integers([4, 0, 4, 4, 2]), normal([5, 33])],
  },
  { name: 'indices outside are skipped', inputs: [normal([3, 5]), integers([-1, 3, 1]), normal([3, 5])] },
  { name: 'rows of one element', inputs: [normal([31]), integers([30, 0, 0]), normal([3])] },
  { name: 'nothing to add', inputs: [normal([3, 5]), integers([]), normal([0, 5])] },
  {
    name: 'rows transposed',
    inputs: [normal([3, 33]), integers([2, 0]), normal([2, 33], { layout: 'transposed' })],
  },
  {
    name: 'f64',
    inputs: [normal([3, 5], { dtype: 'f64' }), integers([1, 1]), normal([2, 5], { dtype: 'f64' })],
  },
  { name: 'i32', inputs: [counting([3, 5], 'i32'), integers([1, 1]), counting([2, 5], 'i32')] },
];

/** Cases of `writeRows`. */
export const writeRowsCases: readonly OpCase[] = [
  { name: 'some rows', inputs: [normal([5, 33]), integers([4, 0, 2]), normal([3, 33])] },
  { name: 'indices outside are skipped', inputs: [normal([3, 5]), integers([-1, 3, 1, -1]), normal([4, 5])] },
  { name: 'rows of one element', inputs: [normal([257]), integers([256, 0]), normal([2])] },
  { name: 'rows of three axes', inputs: [normal([3, 2, 3, 5]), integers([2, 0]), normal([2, 2, 3, 5])] },
  { name: 'nothing to write', inputs: [normal([3, 5]), integers([]), normal([0, 5])] },
  { name: 'an empty target', inputs: [normal([0, 5]), integers([0]), normal([1, 5])] },
  {
    name: 'NaN is written as it is',
    inputs: [normal([3, 2]), integers([1]), listed([Number.NaN, -0], { shape: [1, 2] })],
  },
  ...layouts.map((layout) => ({
    name: `target and rows ${layout}`,
    inputs: [normal([5, 33], { layout }), integers([3, 0]), normal([2, 33], { layout })],
  })),
  ...otherFloats.map((dtype) => ({
    name: dtype,
    inputs: [normal([5, 33], { dtype }), integers([3, -1]), normal([2, 33], { dtype })],
  })),
  ...integerDTypes.map((dtype) => ({
    name: dtype,
    inputs: [counting([5, 7], dtype), integers([3, -1]), counting([2, 7], dtype)],
  })),
];
