import type { DType, OpName } from '@hybra/spec';
import type { CaseLayout, OpCase } from '../../graph/op-case.js';
import { awkwardSizes, type CaseInputOptions, listed, normal, otherFloats, uniform } from '../case-input.js';
import type { binaryDefinitions } from './binary.js';

const { NaN: notANumber, POSITIVE_INFINITY: infinity, NEGATIVE_INFINITY: minusInfinity } = Number;

// Every value meets every other: lists of coprime lengths, repeated.
const leftEdges = [0, 1, -1, 2.5, infinity, minusInfinity, notANumber];
const rightEdges = [1, -1, 3, infinity, minusInfinity, notANumber];

const i32Edges = [0, 1, -1, 7, -7, 46341, 2147483647, -2147483647, 65536, -65537, 123456789];
const u32Edges = [0, 1, 7, 46341, 4294967295, 2147483648, 65536, 123456789];

function pair(a: CaseInputOptions, shape: readonly number[]): OpCase['inputs'] {
  return [normal(shape, a), normal(shape, { ...a, layout: 'contiguous', mean: 0.5 })];
}

function floatCases(): OpCase[] {
  const layouts: readonly CaseLayout[] = ['offset', 'transposed', 'strided'];
  return [
    ...awkwardSizes.map((size) => ({ name: `${size} elements`, inputs: pair({}, [size]) })),
    { name: 'scalars', inputs: pair({}, []) },
    ...layouts.map((layout) => ({ name: `first operand ${layout}`, inputs: pair({ layout }, [5, 33]) })),
    {
      name: 'second operand transposed',
      inputs: [normal([5, 33]), normal([5, 33], { layout: 'transposed' })],
    },
    ...otherFloats.map((dtype) => ({ name: dtype, inputs: pair({ dtype }, [33]) })),
    {
      name: 'edge values',
      inputs: [listed(leftEdges, { shape: [42] }), listed(rightEdges, { shape: [42] })],
    },
  ];
}

function integerCases(dtype: 'i32' | 'u32', right?: readonly number[]): OpCase {
  const values = dtype === 'i32' ? i32Edges : u32Edges;
  const others = right ?? [...values.slice(1), 3];
  const shape = [257];
  return {
    name: `${dtype} with wrapping values`,
    inputs: [listed(values, { dtype, shape }), listed(others, { dtype, shape })],
  };
}

function arithmetic(): readonly OpCase[] {
  return [...floatCases(), integerCases('i32'), integerCases('u32')];
}

function divisions(): readonly OpCase[] {
  return [
    ...floatCases(),
    integerCases('i32', [1, 2, -3, 7, 0, 1000]),
    integerCases('u32', [1, 2, 3, 7, 0, 1000, 4294967295]),
  ];
}

function powers(): readonly OpCase[] {
  const of = (shape: readonly number[], options: CaseInputOptions = {}): OpCase['inputs'] => [
    uniform(shape, [0.1, 4], options),
    uniform(shape, [-3, 3], { ...options, layout: 'contiguous' }),
  ];
  return [
    ...awkwardSizes.map((size) => ({ name: `${size} elements`, inputs: of([size]) })),
    { name: 'transposed', inputs: of([5, 33], { layout: 'transposed' }) },
    ...otherFloats.map((dtype) => ({ name: dtype, inputs: of([33], { dtype }) })),
    { name: 'powers of 0 and 1', inputs: [listed([0, 0, 1, 4, 9]), listed([2, 0, 5, 0.5, -0.5])] },
  ];
}

function comparisons(): readonly OpCase[] {
  const small = (dtype: DType): OpCase => ({
    name: dtype,
    inputs: [listed([0, 1, 1, 0, 1], { dtype, shape: [33] }), listed([0, 0, 1, 1], { dtype, shape: [33] })],
  });
  return [
    ...floatCases(),
    { name: 'signed zeros', inputs: [listed([0, -0, 0, -0]), listed([-0, 0, 0, -0])] },
    { name: 'equal elements', inputs: [listed([1, 2, 3], { shape: [33] }), listed([1, 3], { shape: [33] })] },
    integerCases('i32'),
    integerCases('u32'),
    small('bool'),
    small('u8'),
    small('i8'),
  ];
}

function logical(): readonly OpCase[] {
  const dtype = 'bool';
  return awkwardSizes.map((size) => ({
    name: `${size} elements`,
    inputs: [
      listed([0, 1, 1, 0, 1], { dtype, shape: [size] }),
      listed([0, 0, 1, 1], { dtype, shape: [size] }),
    ],
  }));
}

function bitwise(): readonly OpCase[] {
  return [
    { name: 'nothing', inputs: [listed([], { dtype: 'i32' }), listed([], { dtype: 'i32' })] },
    integerCases('i32'),
    integerCases('u32'),
  ];
}

function shifts(): readonly OpCase[] {
  // Distances are taken modulo 32.
  return [integerCases('i32', [0, 1, 5, 31, 32, 33]), integerCases('u32', [0, 1, 5, 31, 32, 33])];
}

/** Cases of the ops on two inputs of one type. */
export const binaryCases = {
  add: arithmetic(),
  sub: arithmetic(),
  mul: arithmetic(),
  div: divisions(),
  minimum: arithmetic(),
  maximum: arithmetic(),
  pow: powers(),
  less: comparisons(),
  equal: comparisons(),
  and: logical(),
  or: logical(),
  bitAnd: bitwise(),
  bitOr: bitwise(),
  bitXor: bitwise(),
  shiftLeft: shifts(),
  shiftRight: shifts(),
} as const satisfies Record<keyof typeof binaryDefinitions & OpName, readonly OpCase[]>;
