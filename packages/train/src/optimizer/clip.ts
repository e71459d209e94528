import {
  add,
  div,
  less,
  minimum,
  mul,
  reciprocal,
  reshape,
  select,
  sqrt,
  sumOfSquares,
  type Tensor,
} from '@hybra/tensor';

/** The norm of all gradients together, and what to multiply them by. */
export interface Clipping {
  /** f32, of the mean gradient before clipping; not finite if any gradient is not. */
  readonly norm: Tensor;
  /** f32: makes a sum of gradients their clipped mean; NaN where the norm is not finite. */
  readonly scale: Tensor;
  /** f32[1] each: the sum of squares of each sum of gradients. */
  readonly squares: readonly Tensor[];
}

/**
 * Clipping by the global norm (Pascanu et al. 2013).
 * @param sums gradients summed over `count` targets
 * @param count f32, at least 1
 * @param limit largest norm; ∞ clips nothing
 */
export function clipByNorm(sums: readonly Tensor[], count: Tensor, limit: number): Clipping {
  const squares = sums.map((each) => sumOfSquares(each));
  const norm = div(sqrt(squares.reduce((total, each) => add(total, each))), count);
  const share = minimum(mul(reciprocal(add(norm, 1e-6)), Number.isFinite(limit) ? limit : 3e38), 1);
  const isSound = less(norm, Number.POSITIVE_INFINITY); // false for NaN
  return {
    norm,
    scale: select(isSound, div(share, count), Number.NaN),
    squares: squares.map((each) => reshape(each, [1])),
  };
}
