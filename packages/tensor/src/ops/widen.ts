import type { DType, TensorType } from '@hybra/spec';
import type { Tensor } from '../graph/tensor.js';
import { cast } from './elementwise/cast.js';

/** The dtype that a decomposition computes in: `f64` beside an `f64` input, else `f32`. */
export function computeDType(...inputs: readonly TensorType[]): DType {
  return inputs.some((input) => input.dtype === 'f64') ? 'f64' : 'f32';
}

/** `x` in the dtype that a decomposition computes in: halves as `f32`, the others as they are. */
export function widen(x: Tensor): Tensor {
  return cast(x, computeDType(x));
}
