import type { Run } from './kernel.js';

/** Error function: Abramowitz & Stegun 1964, 7.1.26, absolute error below 1.5e-7. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

const ofOne = {
  neg: (x: number) => -x,
  abs: Math.abs,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  erf,
  sqrt: Math.sqrt,
  reciprocal: (x: number) => 1 / x,
  floor: Math.floor,
  not: (x: number) => (x === 0 ? 1 : 0),
};

const ofTwo = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  minimum: Math.min,
  maximum: Math.max,
  pow: (a: number, b: number) => a ** b,
  less: (a: number, b: number) => (a < b ? 1 : 0),
  equal: (a: number, b: number) => (a === b ? 1 : 0),
  and: (a: number, b: number) => a & b,
  or: (a: number, b: number) => a | b,
  bitAnd: (a: number, b: number) => a & b,
  bitOr: (a: number, b: number) => a | b,
  bitXor: (a: number, b: number) => a ^ b,
  shiftLeft: (a: number, b: number) => a << b,
};

/** Ops that integers compute in another way than floats. */
const ofTwoIntegers = {
  mul: Math.imul,
  div: (a: number, b: number) => (b === 0 ? 0 : Math.trunc(a / b)),
};
const ofTwoFloats = {
  mul: (a: number, b: number) => a * b,
  div: (a: number, b: number) => a / b,
};

function eachOf(compute: (x: number) => number): Run {
  return ([x], [y]) => {
    for (let index = 0; index < y!.count; index++) y!.set(index, compute(x!.get(index)));
  };
}

function pairs(compute: (a: number, b: number) => number, onIntegers = compute): Run {
  return ([a, b], [y]) => {
    const apply = a!.dtype === 'f32' ? compute : onIntegers;
    for (let index = 0; index < y!.count; index++) y!.set(index, apply(a!.get(index), b!.get(index)));
  };
}

/** Arithmetic on i32, logical on u32. */
const shiftRight: Run = ([a, b], [y]) => {
  const isSigned = a!.dtype === 'i32';
  for (let index = 0; index < y!.count; index++) {
    const x = a!.get(index);
    y!.set(index, isSigned ? x >> b!.get(index) : x >>> b!.get(index));
  }
};

/** Ops with one input. */
export const unary: Readonly<Record<string, Run>> = Object.fromEntries(
  Object.entries(ofOne).map(([op, compute]) => [op, eachOf(compute)]),
);

/** Ops with two inputs of one shape. */
export const binary: Readonly<Record<string, Run>> = {
  ...Object.fromEntries(Object.entries(ofTwo).map(([op, compute]) => [op, pairs(compute)])),
  mul: pairs(ofTwoFloats.mul, ofTwoIntegers.mul),
  div: pairs(ofTwoFloats.div, ofTwoIntegers.div),
  shiftRight,
};
