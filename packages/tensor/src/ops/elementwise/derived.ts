import type { Tensor } from '../../graph/tensor.js';
import type { Operand } from '../broadcast.js';
import { widen } from '../widen.js';
import { add, equal, less, maximum, minimum, mul, or } from './binary.js';
import { cast } from './cast.js';
import { exp, neg, reciprocal, sqrt } from './unary.js';

// Words for things that are one or two ops away: they record those ops and have no definition of their own.

/** a > b as `bool`; false if either is NaN. @throws E_SHAPE, E_DTYPE */
export function greater(a: Operand, b: Operand): Tensor {
  return less(b, a);
}

/** a ≤ b as `bool`; false if either is NaN. @throws E_SHAPE, E_DTYPE */
export function lessEqual(a: Operand, b: Operand): Tensor {
  return or(less(a, b), equal(a, b));
}

/** a ≥ b as `bool`; false if either is NaN. @throws E_SHAPE, E_DTYPE */
export function greaterEqual(a: Operand, b: Operand): Tensor {
  return lessEqual(b, a);
}

/** 1 / √x. @param x float, any shape */
export function rsqrt(x: Tensor): Tensor {
  return reciprocal(sqrt(x));
}

/** x². @param x float, i32 or u32, any shape */
export function square(x: Tensor): Tensor {
  return mul(x, x);
}

/** 1 / (1 + e^−x), in float32 at least. @param x float, any shape */
export function sigmoid(x: Tensor): Tensor {
  return cast(reciprocal(add(exp(neg(widen(x))), 1)), x.dtype);
}

/** max(x, 0). @param x float, i32 or u32, any shape */
export function relu(x: Tensor): Tensor {
  return maximum(x, 0);
}

/** x held between two bounds; NaN stays NaN. @param x float, i32 or u32, any shape */
export function clamp(x: Tensor, low: Operand, high: Operand): Tensor {
  return minimum(maximum(x, low), high);
}
