import { add, minimum, mul, reciprocal, reshape, sqrt, square, sum, type Tensor } from '@hybra/tensor';

/** The norm of all gradients together, and what to multiply them by. */
export interface Clipping {
  /** f32, before clipping; not finite if any gradient is not. */
  readonly norm: Tensor;
  /** f32, at most 1. */
  readonly scale: Tensor;
  /** f32[n]: the sum of squares of each gradient. */
  readonly squares: readonly Tensor[];
}

/**
 * Clipping by the global norm (Pascanu et al. 2013).
 * @param limit largest norm; ∞ clips nothing
 */
export function clipByNorm(gradients: readonly Tensor[], limit: number): Clipping {
  const squares = gradients.map((gradient) => sum(square(gradient)));
  const norm = sqrt(squares.reduce((total, each) => add(total, each)));
  const scale = minimum(mul(reciprocal(add(norm, 1e-6)), Number.isFinite(limit) ? limit : 3e38), 1);
  return { norm, scale, squares: squares.map((each) => reshape(each, [1])) };
}
