import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { mean } from '../array/reduce.js';
import { add, mul, sub } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { rsqrt, square } from '../elementwise/derived.js';
import { accumulated } from '../tolerances.js';
import { computeDType } from '../widen.js';
import { checkNorm } from './check-norm.js';
import type { NormOptions } from './rms-norm.js';

export const layerNormDefinition: OpDefinition = {
  name: 'layerNorm',
  tolerance: accumulated,
  infer: ([x, weight, bias], attributes) => {
    checkNorm(
      'layerNorm',
      x!,
      [['weight', weight!] as const, ...(bias ? [['bias', bias] as const] : [])],
      attributes,
    );
    return [x!];
  },
  decompose: (inputs, { epsilon }) => {
    const dtype = computeDType(...inputs);
    const [x, weight, bias] = inputs.map((input) => cast(input, dtype));
    const centred = sub(x!, mean(x!, -1, { keepDims: true }));
    // The variance of the centred values: mean(x²) − mean² would cancel.
    const variance = mean(square(centred), -1, { keepDims: true });
    const scaled = mul(mul(centred, rsqrt(add(variance, epsilon as number))), weight!);
    return [cast(bias ? add(scaled, bias) : scaled, inputs[0]!.dtype)];
  },
};

/**
 * (x − mean) / √(variance + ε) · weight + bias along the last axis, statistics in float32 or wider
 * (Ba et al. 2016).
 * @param x float[…, W]
 * @param weight float[W], of any float dtype
 * @param bias float[W], or `undefined` for none
 * @returns as `x`
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function layerNorm(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  options: NormOptions = {},
): Tensor {
  const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
  return recordOne(layerNormDefinition, inputs, { epsilon: options.epsilon ?? 1e-5 });
}
