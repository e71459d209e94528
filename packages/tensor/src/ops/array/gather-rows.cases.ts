import type { OpCase } from '../../graph/op-case.js';
import { counting, integerDTypes, integers, layouts, normal, otherFloats } from '../case-input.js';

/** Cases of `gatherRows`. */
export const gatherRowsCases: readonly OpCase[] = [
  { name: 'repeated and skipped rows', inputs: [normal([5, 33]), integers([4, 0, 0, 2])] },
  {
    name: 'indices outside give zeros',
    inputs: [normal([5, 3]), integers([-1, 5, 4, -2147483648, 2147483647])],
  },
  { name: 'indices of two axes', inputs: [normal([33, 7]), integers([0, 32, 31, 1, -1, 5], [2, 3])] },
  { name: 'a scalar index', inputs: [normal([5, 4]), integers([3], [])] },
  { name: 'rows of one element', inputs: [normal([257]), integers([256, 0, 255, 31])] },
  { name: 'rows of three axes', inputs: [normal([3, 2, 3, 5]), integers([2, 1])] },
  { name: 'no indices', inputs: [normal([5, 3]), integers([])] },
  { name: 'an empty table', inputs: [normal([0, 3]), integers([0, -1])] },
  { name: 'empty rows', inputs: [normal([3, 0]), integers([0, 2])] },
  ...layouts.map((layout) => ({
    name: `table ${layout}`,
    inputs: [normal([5, 33], { layout }), integers([3, 0, 4])],
  })),
  ...otherFloats.map((dtype) => ({
    name: dtype,
    inputs: [normal([5, 33], { dtype }), integers([3, -1, 4])],
  })),
  ...integerDTypes.map((dtype) => ({ name: dtype, inputs: [counting([5, 7], dtype), integers([3, -1, 4])] })),
];
