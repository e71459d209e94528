import type { OpDefinition } from '../../graph/op-definition.js';
import { record } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { mean, sum } from '../array/reduce.js';
import { add, mul, sub } from '../elementwise/binary.js';
import { rsqrt, square } from '../elementwise/derived.js';
import { checkNorm } from '../norm/check-norm.js';
import { accumulated } from '../tolerances.js';
import { requireGradientOf, requireWide } from './check-gradient.js';

export const rmsNormGradientDefinition: OpDefinition = {
  name: 'rmsNormGradient',
  tolerance: accumulated,
  infer: ([x, weight, dy], attributes) => {
    requireWide('rmsNormGradient', ['x', x!], [['weight', weight!]]);
    checkNorm('rmsNormGradient', x!, [['weight', weight!]], attributes);
    requireGradientOf('rmsNormGradient', ['x', x!], ['dy', dy!]);
    return [x!, weight!];
  },
  decompose: ([x, weight, dy], { epsilon }) => {
    const { dx, normalized } = throughRootMeanSquare(x!, mul(dy!, weight!), epsilon as number);
    return [dx, sum(mul(dy!, normalized), leadingAxes(x!))];
  },
};

/**
 * n = x r with r = 1 / √(mean(x²) + ε) along the last axis, and the gradient of x for h arriving at n:
 * r (h − n · mean(h n)) (Zhang & Sennrich 2019, appendix).
 */
export function throughRootMeanSquare(
  x: Tensor,
  h: Tensor,
  epsilon: number,
): { dx: Tensor; normalized: Tensor } {
  const scale = rsqrt(add(mean(square(x), -1, { keepDims: true }), epsilon));
  const normalized = mul(x, scale);
  const dx = mul(scale, sub(h, mul(normalized, mean(mul(h, normalized), -1, { keepDims: true }))));
  return { dx, normalized };
}

/** All axes but the last. */
export function leadingAxes(x: Tensor): number[] {
  return Array.from({ length: x.rank - 1 }, (_, axis) => axis);
}

/**
 * The gradient of `rmsNorm`.
 * @param x f32 or f64[…, D]
 * @param weight its dtype[D]
 * @param dy as `x`, what arrives at the output
 * @returns gradients of `x` and `weight`
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function rmsNormGradient(
  x: Tensor,
  weight: Tensor,
  dy: Tensor,
  options: { readonly epsilon: number },
): { dx: Tensor; dweight: Tensor } {
  const { epsilon } = options;
  const [dx, dweight] = record(rmsNormGradientDefinition, [x, weight, dy], { epsilon });
  return { dx: dx!, dweight: dweight! };
}
