import type { OpSignature } from './op-signature.js';

function unary(semantics: string): OpSignature {
  return { mandatory: true, inputs: ['x: float[…]'], outputs: ['y: as x'], semantics };
}

function binary(semantics: string, types = 'float, i32 or u32'): OpSignature {
  return { mandatory: true, inputs: [`a: ${types}[…]`, 'b: as a'], outputs: ['y: as a'], semantics };
}

function comparison(semantics: string): OpSignature {
  return { mandatory: true, inputs: ['a: any[…]', 'b: as a'], outputs: ['y: bool[…]'], semantics };
}

const bits = 'i32 or u32';

/** Ops that look at one element of each input at a time. Shapes are equal: the core expands before it calls. */
export const elementwiseSignatures = {
  neg: unary('−x; also on i32, where it wraps'),
  abs: unary('|x|; also on i32'),
  exp: unary('eˣ'),
  expm1: unary('eˣ − 1, exact to the last bits near 0'),
  log: unary('natural logarithm; NaN below 0, −∞ at 0'),
  log1p: unary('log(1 + x), exact to the last bits near 0'),
  sin: unary('sine of radians'),
  cos: unary('cosine of radians'),
  tanh: unary('hyperbolic tangent'),
  erf: unary('error function 2/√π ∫₀ˣ e^(−t²) dt'),
  sqrt: unary('square root; NaN below 0'),
  reciprocal: unary('1 / x'),
  floor: unary('largest integer not above x'),
  cast: {
    mandatory: true,
    inputs: ['x: any[…]'],
    outputs: ['y: any[…]'],
    semantics:
      'Converts to the dtype of the output. Float to float rounds to nearest even; float to integer truncates towards 0, saturates, and NaN gives 0; to bool is x ≠ 0; integer to integer wraps.',
  },
  add: binary('a + b; integers wrap'),
  sub: binary('a − b; integers wrap'),
  mul: binary('a · b; integers wrap, all 32 low bits exact'),
  div: binary('a / b; integers truncate towards 0, and x / 0 is 0'),
  minimum: binary('the smaller; NaN if either is NaN'),
  maximum: binary('the larger; NaN if either is NaN'),
  pow: binary('aᵇ', 'float'),
  less: comparison('a < b; false if either is NaN'),
  equal: comparison('a = b; false if either is NaN, and −0 equals 0'),
  and: binary('logical and', 'bool'),
  or: binary('logical or', 'bool'),
  not: { mandatory: true, inputs: ['x: bool[…]'], outputs: ['y: bool[…]'], semantics: 'logical not' },
  bitAnd: binary('bitwise and', bits),
  bitOr: binary('bitwise or', bits),
  bitXor: binary('bitwise exclusive or', bits),
  shiftLeft: binary('a · 2^(b mod 32), low 32 bits', bits),
  shiftRight: binary('a / 2^(b mod 32), rounded down: arithmetic on i32, logical on u32', bits),
  select: {
    mandatory: true,
    inputs: ['condition: bool[…]', 'a: any[…]', 'b: as a'],
    outputs: ['y: as a'],
    semantics: 'a where the condition holds, else b. The branch not taken may be NaN.',
  },
} as const satisfies Record<string, OpSignature>;
