import type { OpDefinition, Tolerance } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { floats, requireAttribute, requireDType } from '../checks.js';
import { add, div, mul } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { erf, exp } from '../elementwise/unary.js';
import { rounded } from '../tolerances.js';
import { widen } from '../widen.js';

/** 1 + erf(x / √2) cancels for negative x: there only the absolute error is small, |x| / 2 units of 1. */
const tolerance: Tolerance = {
  ...rounded,
  f64: { relative: 1e-12, absolute: 1e-14 },
  f32: { relative: 4e-6, absolute: 2e-6 },
  f16: { relative: 1e-3, absolute: 2e-6 },
  bf16: { relative: 8e-3, absolute: 2e-6 },
};

export const geluDefinition: OpDefinition = {
  name: 'gelu',
  tolerance,
  infer: ([x], attributes) => {
    requireDType('gelu', 'x', x!, floats);
    const { approximate } = attributes;
    const isKnown = approximate === 'none' || approximate === 'tanh';
    requireAttribute('gelu', attributes, 'approximate', "'none' or 'tanh'", isKnown);
    return [x!];
  },
  decompose: ([x], { approximate }) => {
    const wide = widen(x!);
    return [cast(approximate === 'tanh' ? geluTanh(wide) : geluErf(wide), x!.dtype)];
  },
};

/** Options of {@link gelu}. */
export interface GeluOptions {
  /** `none`: by the error function; `tanh`: the approximation of GPT-2. Default is `none`. */
  readonly approximate?: 'none' | 'tanh';
}

/**
 * x · Φ(x), the Gaussian error linear unit (Hendrycks & Gimpel 2016).
 * @param x float, any shape
 * @returns as `x`
 * @throws E_DTYPE, E_ARGUMENT
 */
export function gelu(x: Tensor, options: GeluOptions = {}): Tensor {
  return recordOne(geluDefinition, [x], { approximate: options.approximate ?? 'none' });
}

function geluErf(x: Tensor): Tensor {
  return mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1));
}

// ½ (1 + tanh u) = 1 / (1 + e^−2u), which does not cancel for negative u.
function geluTanh(x: Tensor): Tensor {
  const cubed = mul(mul(x, x), x);
  const u = mul(add(x, mul(cubed, 0.044715)), Math.sqrt(2 / Math.PI));
  return div(x, add(exp(mul(u, -2)), 1));
}
