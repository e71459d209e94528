import type { DType } from '@hybra/spec';
import type { CaseInput, OpCase } from '../../graph/op-case.js';
import { awkwardSizes, listed, normal } from '../case-input.js';

const integerDTypes = ['i32', 'u32', 'i8', 'u8', 'bool'] as const;
const layouts = ['transposed', 'strided', 'offset'] as const;
const floatDTypes = ['f64', 'f16', 'bf16'] as const;

function counting(shape: readonly number[], dtype: DType): CaseInput {
  return listed(dtype === 'bool' ? [0, 1, 1] : [0, 1, 2, 3, 4], { dtype, shape });
}

/** Cases of `concat`. */
export const concatCases: readonly OpCase[] = [
  ...awkwardSizes.map((size) => ({
    name: `last axis, 3 and ${size}`,
    inputs: [normal([2, 3]), normal([2, size])],
    attributes: { axis: 1 },
  })),
  { name: 'first axis', inputs: [normal([2, 33]), normal([3, 33])], attributes: { axis: 0 } },
  {
    name: 'middle axis',
    inputs: [normal([2, 1, 5]), normal([2, 3, 5]), normal([2, 0, 5])],
    attributes: { axis: 1 },
  },
  {
    name: 'eleven inputs',
    inputs: Array.from({ length: 11 }, (_, n) => normal([2, n])),
    attributes: { axis: 1 },
  },
  { name: 'one input', inputs: [normal([2, 3])], attributes: { axis: 0 } },
  ...layouts.map((layout) => ({
    name: `first input ${layout}`,
    inputs: [normal([5, 33], { layout }), normal([5, 7])],
    attributes: { axis: 1 },
  })),
  ...floatDTypes.map((dtype) => ({
    name: dtype,
    inputs: [normal([2, 33], { dtype }), normal([2, 31], { dtype })],
    attributes: { axis: 1 },
  })),
  ...integerDTypes.map((dtype) => ({
    name: dtype,
    inputs: [counting([2, 3], dtype), counting([2, 5], dtype)],
    attributes: { axis: 1 },
  })),
];

/** Cases of `pad`. */
export const padCases: readonly OpCase[] = [
  ...awkwardSizes.map((size) => ({
    name: `${size} elements, 3 before and 2 after`,
    inputs: [normal([size])],
    attributes: { before: [3], after: [2], value: 0 },
  })),
  { name: 'two axes', inputs: [normal([3, 5])], attributes: { before: [1, 0], after: [0, 2], value: -1.5 } },
  {
    name: 'four axes',
    inputs: [normal([2, 3, 2, 3])],
    attributes: { before: [0, 1, 0, 2], after: [1, 0, 0, 1], value: 1 },
  },
  {
    name: 'nothing to add',
    inputs: [normal([3, 5])],
    attributes: { before: [0, 0], after: [0, 0], value: 1 },
  },
  {
    name: '−∞',
    inputs: [normal([3])],
    attributes: { before: [1], after: [1], value: Number.NEGATIVE_INFINITY },
  },
  ...layouts.map((layout) => ({
    name: layout,
    inputs: [normal([5, 33], { layout })],
    attributes: { before: [1, 2], after: [3, 4], value: 0.5 },
  })),
  ...floatDTypes.map((dtype) => ({
    name: dtype,
    inputs: [normal([2, 33], { dtype })],
    attributes: { before: [1, 2], after: [0, 1], value: 0.5 },
  })),
  ...integerDTypes.map((dtype) => ({
    name: dtype,
    inputs: [counting([2, 3], dtype)],
    attributes: { before: [1, 2], after: [0, 1], value: 1 },
  })),
];

/** Cases of `copy`. */
export const copyCases: readonly OpCase[] = [
  ...awkwardSizes.map((size) => ({ name: `${size} elements`, inputs: [normal([size])] })),
  { name: 'a scalar', inputs: [normal([])] },
  ...layouts.flatMap((layout) => [
    { name: `${layout}, two axes`, inputs: [normal([33, 31], { layout })] },
    { name: `${layout}, four axes`, inputs: [normal([2, 3, 5, 7], { layout })] },
  ]),
  { name: 'bits stay', inputs: [listed([Number.NaN, -0, Number.POSITIVE_INFINITY])] },
  ...floatDTypes.map((dtype) => ({
    name: dtype,
    inputs: [normal([5, 33], { dtype, layout: 'transposed' as const })],
  })),
  ...integerDTypes.map((dtype) => ({
    name: dtype,
    inputs: [{ ...counting([5, 7], dtype), layout: 'transposed' as const }],
  })),
];
