/*
 * Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) for the matrices between embedding and head,
 * scaled as in "Muon is Scalable for LLM Training" (Liu et al. 2025, arXiv 2502.16982, §2.2), so that it takes the
 * learning rate and the weight decay of AdamW.
 *
 *   g  gradient      M  momentum      μ  its coefficient      η  learning rate      λ  weight decay
 *   X  a matrix [m, n], m ≤ n (transposed otherwise)
 *
 *   M ← μ M + g;   U = orthogonal(g + μ M)                      the step ahead of Nesterov
 *   θ ← θ − η (0.2 √max(m, n) · U + λ θ)                         0.2: the root mean square of AdamW's steps
 *
 * orthogonal(X) makes all singular values about 1: X ← X / ‖X‖, then five times (Newton–Schulz)
 *   A = X Xᵀ;   X ← a X + (b A + c A²) X                        a, b, c = 3.4445, −4.7750, 2.0315
 * whose fixed points are not exact: singular values end in 0.7 … 1.2, which is near enough and fast.
 */
import { HybraError } from '@hybra/spec';
import {
  abs,
  add,
  less,
  matmul,
  maximum,
  mul,
  reshape,
  rsqrt,
  select,
  slice,
  sub,
  sumOfSquares,
  type Tensor,
  transpose,
} from '@hybra/tensor';

/** Numbers of Muon. */
export interface MuonOptions {
  /** Default is 0.95. */
  readonly momentum?: number;
}

/** What Muon changes, in float32. */
export interface MuonState {
  /** `[m, n]` */
  readonly parameter: Tensor;
  /** M */
  readonly first: Tensor;
}

/** The options with their defaults. @throws E_ARGUMENT for a momentum outside 0 … 1 */
export function muonSettings({ momentum = 0.95 }: MuonOptions): Required<MuonOptions> {
  if (momentum >= 0 && momentum < 1) return { momentum };
  throw new HybraError('E_ARGUMENT', `muon: momentum is ${momentum}, expected from 0 to below 1.`, {
    momentum,
  });
}

const [a, b, c] = [3.4445, -4.775, 2.0315];
const rounds = 5;
/** Below the square of any norm that matters; 0 / 0 otherwise. */
const smallest = 1e-30;

/**
 * One step of Muon for one matrix.
 * @param gradient as the parameter
 * @param numbers f32[4]: the learning rate, two that Muon has no use for, and what the gradient is multiplied by;
 * nothing changes where that is not finite
 * @param constants μ, and λ: 0 for none
 */
export function muon(
  { parameter, first }: MuonState,
  gradient: Tensor,
  numbers: Tensor,
  { momentum, decay }: { readonly momentum: number; readonly decay: number },
): MuonState {
  const [rate, scale] = [0, 3].map((index) => reshape(slice(numbers, 0, index, index + 1), [])) as [
    Tensor,
    Tensor,
  ];
  const g = mul(gradient, scale);
  const M = add(mul(first, momentum), g);
  const [m, n] = parameter.shape as [number, number];
  const step = mul(orthogonal(add(g, mul(M, momentum))), 0.2 * Math.sqrt(Math.max(m, n)));
  const update = decay > 0 ? add(step, mul(parameter, decay)) : step;
  const isSound = less(abs(scale), Number.POSITIVE_INFINITY); // false for NaN
  return {
    parameter: select(isSound, sub(parameter, mul(update, rate)), parameter),
    first: select(isSound, M, first),
  };
}

/** The nearest matrix, about, whose singular values are all 1. @param x `f32[m, n]` */
export function orthogonal(x: Tensor): Tensor {
  const [m, n] = x.shape as [number, number];
  if (m > n) return transpose(orthogonal(transpose(x, 0, 1)), 0, 1);
  let X = mul(x, rsqrt(maximum(sumOfSquares(x), smallest)));
  for (let round = 0; round < rounds; round++) {
    const A = matmul(X, X, { transposeB: true });
    const polynomial = add(mul(A, b), mul(matmul(A, A), c));
    X = add(mul(X, a), matmul(polynomial, X));
  }
  return X;
}
