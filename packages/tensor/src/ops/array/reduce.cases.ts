import type { OpCase } from '../../graph/op-case.js';
import { awkwardSizes, integers, layouts, listed, normal, otherFloats } from '../case-input.js';

const { NaN: notANumber, POSITIVE_INFINITY: infinity, NEGATIVE_INFINITY: minusInfinity } = Number;

function shared(): OpCase[] {
  return [
    ...awkwardSizes.map((size) => ({
      name: `last axis of ${size}`,
      inputs: [normal([3, size])],
      attributes: { axes: [1] },
    })),
    ...awkwardSizes.map((size) => ({
      name: `first axis of ${size}`,
      inputs: [normal([size, 3])],
      attributes: { axes: [0] },
    })),
    { name: 'no rows', inputs: [normal([0, 5])], attributes: { axes: [1] } },
    { name: 'all axes', inputs: [normal([3, 4, 5])], attributes: { axes: [0, 1, 2] } },
    { name: 'outer and inner axis', inputs: [normal([3, 4, 5])], attributes: { axes: [0, 2] } },
    { name: 'middle axis', inputs: [normal([3, 33, 5])], attributes: { axes: [1] } },
    { name: 'no axes', inputs: [normal([7])], attributes: { axes: [] } },
    { name: 'a scalar', inputs: [normal([])], attributes: { axes: [] } },
    ...layouts.map((layout) => ({
      name: layout,
      inputs: [normal([5, 33], { layout })],
      attributes: { axes: [1] },
    })),
    ...otherFloats.map((dtype) => ({
      name: `${dtype}, accumulated wider`,
      inputs: [normal([2, 257], { dtype, mean: 1 })],
      attributes: { axes: [1] },
    })),
    { name: 'i32', inputs: [integers([5, -7, 2147483647, 3], [3, 33])], attributes: { axes: [1] } },
    {
      name: 'NaN in one row',
      inputs: [listed([1, notANumber, 2, 3, 4, 5], { shape: [2, 3] })],
      attributes: { axes: [1] },
    },
    {
      name: 'infinities',
      inputs: [
        listed([1, infinity, 2, minusInfinity, 3, 4, minusInfinity, minusInfinity, minusInfinity], {
          shape: [3, 3],
        }),
      ],
      attributes: { axes: [1] },
    },
  ];
}

/** Cases of `sum`. */
export const sumCases: readonly OpCase[] = shared();

/** Cases of `max`. */
export const maxCases: readonly OpCase[] = [
  ...shared(),
  { name: 'i32 over nothing', inputs: [integers([], [2, 0])], attributes: { axes: [1] } },
];
