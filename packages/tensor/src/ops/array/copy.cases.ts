import type { OpCase } from '../../graph/op-case.js';
import {
  awkwardSizes,
  counting,
  integerDTypes,
  layouts,
  listed,
  normal,
  otherFloats,
} from '../case-input.js';

/** Cases of `copy`. */
export const copyCases: readonly OpCase[] = [
  ...awkwardSizes.map((size) => ({ name: `${size} elements`, inputs: [normal([size])] })),
  { name: 'a scalar', inputs: [normal([])] },
  ...layouts.flatMap((layout) => [
    { name: `${layout}, two axes`, inputs: [normal([33, 31], { layout })] },
    { name: `${layout}, four axes`, inputs: [normal([2, 3, 5, 7], { layout })] },
  ]),
  { name: 'bits stay', inputs: [listed([Number.NaN, -0, Number.POSITIVE_INFINITY])] },
  ...otherFloats.map((dtype) => ({
    name: dtype,
    inputs: [normal([5, 33], { dtype, layout: 'transposed' as const })],
  })),
  ...integerDTypes.map((dtype) => ({
    name: dtype,
    inputs: [{ ...counting([5, 7], dtype), layout: 'transposed' as const }],
  })),
];
