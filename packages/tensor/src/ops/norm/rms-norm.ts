import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { mean } from '../array/reduce.js';
import { add, mul } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { rsqrt, square } from '../elementwise/derived.js';
import { accumulated } from '../tolerances.js';
import { computeDType } from '../widen.js';
import { checkNorm } from './check-norm.js';

export const rmsNormDefinition: OpDefinition = {
  name: 'rmsNorm',
  tolerance: accumulated,
  infer: ([x, weight], attributes) => {
    checkNorm('rmsNorm', x!, [['weight', weight!]], attributes);
    return [x!];
  },
  decompose: ([x, weight], { epsilon }) => {
    const dtype = computeDType(x!, weight!);
    const normalized = divideByRootMeanSquare(cast(x!, dtype), epsilon as number);
    return [cast(mul(normalized, cast(weight!, dtype)), x!.dtype)];
  },
};

/** x / √(mean(x²) + ε) along the last axis, in the dtype of `x` (float32 or wider). */
export function divideByRootMeanSquare(x: Tensor, epsilon: number): Tensor {
  return mul(x, rsqrt(add(mean(square(x), -1, { keepDims: true }), epsilon)));
}

/** Options of the norms. */
export interface NormOptions {
  /** Added to the mean square or the variance; at least 0. Default is 1e-5. */
  readonly epsilon?: number;
}

/**
 * x / √(mean(x²) + ε) · weight along the last axis, statistics in float32 or wider (Zhang & Sennrich 2019).
 * @param x float[…, W]
 * @param weight float[W], of any float dtype
 * @returns as `x`
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function rmsNorm(x: Tensor, weight: Tensor, options: NormOptions = {}): Tensor {
  return recordOne(rmsNormDefinition, [x, weight], { epsilon: options.epsilon ?? 1e-5 });
}
