import type { DType } from '@hybra/spec';
import type { OpCase } from '../../graph/op-case.js';
import { awkwardSizes, type CaseInputOptions, layouts, listed, normal } from '../case-input.js';

const { NaN: notANumber, POSITIVE_INFINITY: infinity, NEGATIVE_INFINITY: minusInfinity } = Number;

const floatEdges = [0, 0.5, -0.5, 1.9, -1.9, 300, -300, 1e10, -1e10, infinity, minusInfinity, notANumber];
// Halfway between two halves, the largest half, the first that overflows, the smallest subnormal and half of it.
const halfEdges = [2049, 2051, 1.00390625, 1.01171875, 65504, 65519, 65520, 5.9604645e-8, 2.9802322e-8];
const integerEdges = [0, 1, -1, 127, 128, 255, 256, -129, 16777217, 16777219, 2147483647, -2147483648];

function to(dtype: DType, from: readonly number[], options: CaseInputOptions = {}): OpCase {
  const input = listed(from, options);
  return {
    name: `${input.dtype} to ${dtype}`,
    inputs: [input],
    declared: [{ dtype, shape: input.shape }],
  };
}

/** Cases of `cast`. */
export const castCases: readonly OpCase[] = [
  ...awkwardSizes.map((size) => ({
    name: `${size} elements, f32 to f16`,
    inputs: [normal([size])],
    declared: [{ dtype: 'f16', shape: [size] } as const],
  })),
  ...layouts.map((layout) => ({
    name: `${layout}, f32 to bf16`,
    inputs: [normal([5, 33], { layout })],
    declared: [{ dtype: 'bf16', shape: [5, 33] } as const],
  })),
  to('f16', [...halfEdges, ...floatEdges]),
  to('bf16', [...halfEdges, ...floatEdges]),
  to('f64', floatEdges),
  to('i32', floatEdges),
  to('u32', floatEdges),
  to('i8', floatEdges),
  to('u8', floatEdges),
  to('bool', floatEdges),
  to('f32', [0, 1, -2, 65504, infinity, notANumber], { dtype: 'f16' }),
  to('f32', [0, 1, -2, 1e30, infinity, notANumber], { dtype: 'bf16' }),
  to('bf16', [0, 1.01, -2.02, 65504], { dtype: 'f16' }),
  to('f32', integerEdges, { dtype: 'i32' }),
  to('f16', [0, 1, -1, 2049, 2051, 65519, 65520], { dtype: 'i32' }),
  to('u32', integerEdges, { dtype: 'i32' }),
  to('i8', integerEdges, { dtype: 'i32' }),
  to('u8', integerEdges, { dtype: 'i32' }),
  to('bool', integerEdges, { dtype: 'i32' }),
  to('f32', [0, 1, 4294967295, 16777217], { dtype: 'u32' }),
  to('i32', [0, 1, 4294967295], { dtype: 'u32' }),
  to('f32', [0, 1, 255], { dtype: 'u8' }),
  to('i32', [0, 1, -128], { dtype: 'i8' }),
  to('f32', [0, 1, 1], { dtype: 'bool' }),
  to('i32', [0, 1, 1], { dtype: 'bool' }),
];
