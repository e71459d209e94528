import type { OpCase } from '../../graph/op-case.js';
import { awkwardSizes, listed, normal, otherFloats } from '../case-input.js';

const { NaN: notANumber, POSITIVE_INFINITY: infinity, NEGATIVE_INFINITY: minusInfinity } = Number;

const both = [{ descending: false }, { descending: true }] as const;

/** Cases of `sort`. */
export const sortCases: readonly OpCase[] = both.flatMap((attributes) => {
  const way = attributes.descending ? 'descending' : 'ascending';
  return [
    ...awkwardSizes.map((size) => ({
      name: `${size} elements, ${way}`,
      inputs: [normal([3, size])],
      attributes,
    })),
    { name: `one axis, ${way}`, inputs: [normal([33])], attributes },
    { name: `no rows, ${way}`, inputs: [normal([0, 5])], attributes },
    {
      name: `equals keep their order, ${way}`,
      inputs: [listed([2, 1, 2, 0, 1, 2, 0], { shape: [3, 35] })],
      attributes,
    },
    {
      name: `NaN and infinities, ${way}`,
      inputs: [listed([1, notANumber, infinity, -3, minusInfinity, notANumber, 0.5], { shape: [3, 35] })],
      attributes,
    },
    ...(['transposed', 'strided'] as const).map((layout) => ({
      name: `${layout}, ${way}`,
      inputs: [normal([5, 33], { layout })],
      attributes,
    })),
    ...otherFloats.map((dtype) => ({
      name: `${dtype}, ${way}`,
      inputs: [normal([2, 33], { dtype })],
      attributes,
    })),
  ];
});
