import type { OpCase } from '../../graph/op-case.js';
import { awkwardSizes, listed } from '../case-input.js';

/** Cases of `not`. */
export const notCases: readonly OpCase[] = awkwardSizes.map((size) => ({
  name: `${size} elements`,
  inputs: [listed([0, 1, 1], { dtype: 'bool', shape: [size] })],
}));
