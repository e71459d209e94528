import type { HostArray } from '@hybra/spec';

/**
 * Dot products of one row of a with four rows of b at once, which hides the latency of the additions.
 * @param b its rows start at `bFrom + j · bN`, and their elements are neighbours
 * @param sums on return, the four dot products
 */
export function dotFour(
  a: HostArray,
  aFrom: number,
  aK: number,
  b: HostArray,
  bFrom: number,
  bN: number,
  K: number,
  sums: Float64Array,
): void {
  const b1 = bFrom + bN;
  const b2 = b1 + bN;
  const b3 = b2 + bN;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let k = 0; k < K; k++) {
    const value = a[aFrom + k * aK]!;
    s0 += value * b[bFrom + k]!;
    s1 += value * b[b1 + k]!;
    s2 += value * b[b2 + k]!;
    s3 += value * b[b3 + k]!;
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}

/** The dot product of one row of a with one row of b, for the rows that four do not divide. */
export function dotOne(
  a: HostArray,
  aFrom: number,
  aK: number,
  b: HostArray,
  bFrom: number,
  K: number,
): number {
  let sum = 0;
  for (let k = 0; k < K; k++) sum += a[aFrom + k * aK]! * b[bFrom + k]!;
  return sum;
}
