import type { OpName } from '@hybra/spec';
import type { OpCase } from '../../graph/op-case.js';
import { awkwardSizes, listed, uniform } from '../case-input.js';
import type { unaryDefinitions } from './unary.js';

const { NaN: notANumber, POSITIVE_INFINITY: infinity, NEGATIVE_INFINITY: minusInfinity } = Number;

/** Where each function is interesting, and its edge cases. */
const domains = {
  neg: { range: [-10, 10], edges: [0, -0, infinity, minusInfinity, notANumber] },
  abs: { range: [-10, 10], edges: [0, -0, infinity, minusInfinity, notANumber] },
  exp: { range: [-20, 20], edges: [0, -0, 1, 88, -80, infinity, minusInfinity, notANumber] },
  expm1: { range: [-5, 5], edges: [0, 1e-6, -1e-6, 1e-3, -30, infinity, minusInfinity, notANumber] },
  log: { range: [0.01, 100], edges: [1, 0, -1, infinity, notANumber, 1.0000001] },
  log1p: { range: [-0.9, 10], edges: [0, 1e-6, -1e-6, -1, -2, infinity, notANumber] },
  sin: { range: [-10, 10], edges: [0, Math.PI / 2, Math.PI, -Math.PI, 100] },
  cos: { range: [-10, 10], edges: [0, Math.PI / 2, Math.PI, -Math.PI, 100] },
  tanh: { range: [-4, 4], edges: [0, 1e-4, -1e-4, 20, -20, 100, infinity, minusInfinity, notANumber] },
  erf: { range: [-3, 3], edges: [0, 1e-4, -1e-4, 0.5, 1, 4, -4, 10, infinity, minusInfinity, notANumber] },
  sqrt: { range: [0, 100], edges: [0, 1, 2, 1e-20, 1e20, -1, infinity, notANumber] },
  reciprocal: { range: [0.1, 10], edges: [1, -2, 3, 0, -0, 1e20, infinity, minusInfinity, notANumber] },
  floor: {
    range: [-10, 10],
    edges: [0, 0.5, -0.5, 1, -1, 8388607.5, 1e20, infinity, minusInfinity, notANumber],
  },
} as const satisfies Record<
  keyof typeof unaryDefinitions,
  { range: readonly [number, number]; edges: readonly number[] }
>;

function casesOf(name: keyof typeof domains): readonly OpCase[] {
  const { range, edges } = domains[name];
  const cases: OpCase[] = [
    ...awkwardSizes.map((size) => ({ name: `${size} elements`, inputs: [uniform([size], range)] })),
    { name: 'a scalar', inputs: [uniform([], range)] },
    { name: 'edge values', inputs: [listed(edges)] },
    { name: 'an offset window', inputs: [uniform([3, 33], range, { layout: 'offset' })] },
    { name: 'transposed', inputs: [uniform([5, 33], range, { layout: 'transposed' })] },
    { name: 'strided', inputs: [uniform([5, 33], range, { layout: 'strided' })] },
    { name: 'f16', inputs: [uniform([33], [range[0] / 4, range[1] / 4], { dtype: 'f16' })] },
    { name: 'bf16', inputs: [uniform([33], range, { dtype: 'bf16' })] },
    { name: 'f64', inputs: [uniform([33], range, { dtype: 'f64' })] },
  ];
  if (name === 'neg' || name === 'abs') {
    const values = [0, 1, -1, 2147483647, -2147483647];
    cases.push({ name: 'i32', inputs: [listed(values, { dtype: 'i32', shape: [33] })] });
  }
  return cases;
}

/** Cases of the functions of one element. */
export const unaryCases = {
  neg: casesOf('neg'),
  abs: casesOf('abs'),
  exp: casesOf('exp'),
  expm1: casesOf('expm1'),
  log: casesOf('log'),
  log1p: casesOf('log1p'),
  sin: casesOf('sin'),
  cos: casesOf('cos'),
  tanh: casesOf('tanh'),
  erf: casesOf('erf'),
  sqrt: casesOf('sqrt'),
  reciprocal: casesOf('reciprocal'),
  floor: casesOf('floor'),
} as const satisfies Partial<Record<OpName, readonly OpCase[]>>;
