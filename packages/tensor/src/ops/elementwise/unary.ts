import type { DType, OpName } from '@hybra/spec';
import type { OpDefinition, Tolerance } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { floats, requireDType } from '../checks.js';
import { exact, rounded } from '../tolerances.js';

/**
 * Functions that hardware approximates to a few units in the last place of 1, not of the result: near a zero
 * of the function only the absolute error is small.
 */
const approximated: Tolerance = { ...rounded, f32: { relative: 4e-6, absolute: 2e-6 } };

function unaryDefinition(
  name: OpName,
  tolerance: Tolerance,
  allowed: readonly DType[] = floats,
): OpDefinition {
  return {
    name,
    tolerance,
    infer: ([x]) => {
      requireDType(name, 'x', x!, allowed);
      return [x!];
    },
  };
}

/** Definitions of the ops with one input and one output of its type. */
export const unaryDefinitions = {
  neg: unaryDefinition('neg', exact, [...floats, 'i32']),
  abs: unaryDefinition('abs', exact, [...floats, 'i32']),
  exp: unaryDefinition('exp', rounded),
  expm1: unaryDefinition('expm1', rounded),
  log: unaryDefinition('log', approximated),
  log1p: unaryDefinition('log1p', rounded),
  sin: unaryDefinition('sin', approximated),
  cos: unaryDefinition('cos', approximated),
  tanh: unaryDefinition('tanh', approximated),
  erf: unaryDefinition('erf', approximated),
  sqrt: unaryDefinition('sqrt', rounded),
  reciprocal: unaryDefinition('reciprocal', rounded),
  floor: unaryDefinition('floor', exact),
} as const;

/** −x. @param x float or i32 (wraps), any shape */
export function neg(x: Tensor): Tensor {
  return recordOne(unaryDefinitions.neg, [x]);
}

/** |x|. @param x float or i32, any shape */
export function abs(x: Tensor): Tensor {
  return recordOne(unaryDefinitions.abs, [x]);
}

/** eˣ. @param x float, any shape */
export function exp(x: Tensor): Tensor {
  return recordOne(unaryDefinitions.exp, [x]);
}

/** eˣ − 1, exact to the last bits near 0. @param x float, any shape */
export function expm1(x: Tensor): Tensor {
  return recordOne(unaryDefinitions.expm1, [x]);
}

/** Natural logarithm: NaN below 0, −∞ at 0. @param x float, any shape */
export function log(x: Tensor): Tensor {
  return recordOne(unaryDefinitions.log, [x]);
}

/** log(1 + x), exact to the last bits near 0. @param x float, any shape */
export function log1p(x: Tensor): Tensor {
  return recordOne(unaryDefinitions.log1p, [x]);
}

/** Sine. @param x float, any shape, radians */
export function sin(x: Tensor): Tensor {
  return recordOne(unaryDefinitions.sin, [x]);
}

/** Cosine. @param x float, any shape, radians */
export function cos(x: Tensor): Tensor {
  return recordOne(unaryDefinitions.cos, [x]);
}

/** Hyperbolic tangent. @param x float, any shape */
export function tanh(x: Tensor): Tensor {
  return recordOne(unaryDefinitions.tanh, [x]);
}

/** Error function, 2/√π ∫₀ˣ e^(−t²) dt. @param x float, any shape */
export function erf(x: Tensor): Tensor {
  return recordOne(unaryDefinitions.erf, [x]);
}

/** Square root, NaN below 0. @param x float, any shape */
export function sqrt(x: Tensor): Tensor {
  return recordOne(unaryDefinitions.sqrt, [x]);
}

/** 1 / x. @param x float, any shape */
export function reciprocal(x: Tensor): Tensor {
  return recordOne(unaryDefinitions.reciprocal, [x]);
}

/** The largest whole number not above x. @param x float, any shape */
export function floor(x: Tensor): Tensor {
  return recordOne(unaryDefinitions.floor, [x]);
}
