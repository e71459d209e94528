import type { Attributes } from '@hybra/spec';
import type { OpCase } from '../../graph/op-case.js';
import { awkwardSizes, type CaseInputOptions, layouts, listed, normal, otherFloats } from '../case-input.js';

const { NaN: notANumber, POSITIVE_INFINITY: infinity, NEGATIVE_INFINITY: minusInfinity } = Number;

/** Values around 0, far from it, and where the naive forms overflow or cancel. */
const edges = [0, -0, 1e-6, -1e-6, 0.5, -0.5, 5, -5, 20, -20, 88, -80, 1000, notANumber, infinity];

function elementwise(attributes?: Attributes, suffix = ''): readonly OpCase[] {
  const of = (name: string, shape: readonly number[], options: CaseInputOptions = {}): OpCase => ({
    name: `${name}${suffix}`,
    inputs: [normal(shape, { scale: 3, ...options })],
    ...(attributes && { attributes }),
  });
  return [
    ...awkwardSizes.map((size) => of(`${size} elements`, [size])),
    of('a scalar', []),
    ...layouts.map((layout) => of(layout, [5, 33], { layout })),
    ...otherFloats.map((dtype) => of(dtype, [33], { dtype })),
    { name: `edge values${suffix}`, inputs: [listed(edges)], ...(attributes && { attributes }) },
  ];
}

/** Cases of `silu`. */
export const siluCases: readonly OpCase[] = elementwise();

/** Cases of `softplus`. */
export const softplusCases: readonly OpCase[] = [
  ...elementwise(),
  { name: '−∞ gives 0', inputs: [listed([minusInfinity])] },
];

/** Cases of `gelu`. */
export const geluCases: readonly OpCase[] = [
  ...elementwise({ approximate: 'none' }),
  ...elementwise({ approximate: 'tanh' }, ', tanh'),
];

/** Cases of `swiglu`. */
export const swigluCases: readonly OpCase[] = [
  ...awkwardSizes.map((size) => ({
    name: `${size} elements`,
    inputs: [normal([size], { scale: 3 }), normal([size])],
  })),
  ...layouts.map((layout) => ({
    name: `up ${layout}`,
    inputs: [normal([5, 33]), normal([5, 33], { layout })],
  })),
  ...otherFloats.map((dtype) => ({
    name: dtype,
    inputs: [normal([33], { dtype }), normal([33], { dtype })],
  })),
  { name: 'edge values', inputs: [listed(edges), normal([edges.length])] },
];

function alongRows(): readonly OpCase[] {
  return [
    ...awkwardSizes.map((size) => ({ name: `rows of ${size}`, inputs: [normal([3, size], { scale: 3 })] })),
    { name: 'one axis', inputs: [normal([33])] },
    { name: 'four axes', inputs: [normal([2, 1, 3, 7])] },
    { name: 'no rows', inputs: [normal([0, 5])] },
    ...layouts.map((layout) => ({ name: layout, inputs: [normal([5, 33], { layout })] })),
    ...otherFloats.map((dtype) => ({ name: dtype, inputs: [normal([3, 33], { dtype, scale: 3 })] })),
    { name: 'large values', inputs: [listed([1000, 1001, 999, -1000], { shape: [2, 4] })] },
    { name: 'some −∞', inputs: [listed([1, minusInfinity, 2, minusInfinity, 0.5], { shape: [3, 5] })] },
    { name: 'NaN spreads over its row', inputs: [listed([1, notANumber, 2, 3, 4, 5], { shape: [2, 3] })] },
  ];
}

/** Cases of `softmax`. */
export const softmaxCases: readonly OpCase[] = [
  ...alongRows(),
  { name: 'a row of only −∞ gives zeros', inputs: [listed([minusInfinity], { shape: [2, 33] })] },
];

/** Cases of `logSoftmax`. */
export const logSoftmaxCases: readonly OpCase[] = alongRows();
