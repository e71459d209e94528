import type { HostArray } from '@hybra/spec';

/**
 * Mamba-1's recurrence for one row of the batch (Gu & Dao 2023, Algorithm 2 with the ZOH of eq. 4 for A and
 * the Euler step for B that the paper's code uses), position by position.
 *
 * | symbol | meaning | shape |
 * |---|---|---|
 * | x, dt, y | input, step size, output | [T, D] |
 * | A | continuous decay, negative | [D, N] |
 * | B, C | input and output maps | [T, N] |
 * | h | state | [D, N] |
 */
export interface SelectiveRow {
  readonly T: number;
  readonly D: number;
  readonly N: number;
}

/** `xFrom` is where the row starts in x, dt and y; `mapFrom` where it starts in B and C. */
export function selectiveRecurrence(
  { T, D, N }: SelectiveRow,
  [x, dt, A, B, C]: readonly HostArray[],
  xFrom: number,
  mapFrom: number,
  h: HostArray,
  hFrom: number,
  y: HostArray,
): void {
  for (let t = 0; t < T; t++) {
    const map = mapFrom + t * N;
    for (let d = 0; d < D; d++) {
      const at = xFrom + t * D + d;
      y[at] = advanceChannel(x![at]!, dt![at]!, A!, d * N, B!, C!, map, h, hFrom + d * N, N);
    }
  }
}

/** h ← exp(dt·A) h + dt·B x for one channel; returns C·h. */
function advanceChannel(
  x: number,
  dt: number,
  A: HostArray,
  aFrom: number,
  B: HostArray,
  C: HostArray,
  mapFrom: number,
  h: HostArray,
  hFrom: number,
  N: number,
): number {
  let sum = 0;
  if (dt === 0) {
    // Leaves the state as it is, to the bit, and even where x is not finite.
    for (let n = 0; n < N; n++) sum += C[mapFrom + n]! * h[hFrom + n]!;
    return sum;
  }
  const input = dt * x;
  for (let n = 0; n < N; n++) {
    const state = Math.exp(dt * A[aFrom + n]!) * h[hFrom + n]! + input * B[mapFrom + n]!;
    h[hFrom + n] = state;
    sum += C[mapFrom + n]! * state;
  }
  return sum;
}
