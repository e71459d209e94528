import type { DType } from '@hybra/spec';
import { cast, type Tensor } from '@hybra/tensor';

/** The dtype that a rule computes in: `f64` beside an `f64`, else `f32`. */
export function wideDType(...inputs: readonly Tensor[]): DType {
  return inputs.some(({ dtype }) => dtype === 'f64') ? 'f64' : 'f32';
}

/** `x` in the dtype that a rule computes in. */
export function widest(x: Tensor): Tensor {
  return cast(x, wideDType(x));
}
