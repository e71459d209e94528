/** The largest absolute difference; ∞ if one is NaN where the other is not, or lengths differ. */
export function maxAbsoluteError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (got.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let index = 0; index < got.length; index++) {
    const a = got[index]!;
    const b = expected[index]!;
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const difference = Math.abs(a - b);
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return largest;
}

/** The largest absolute difference as a fraction of the largest expected magnitude. */
export function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  const error = maxAbsoluteError(got, expected);
  if (error === 0) return 0;
  let scale = 0;
  for (let index = 0; index < expected.length; index++) scale = Math.max(scale, Math.abs(expected[index]!));
  return error / scale;
}

/** Index of the largest value of one row; the first of equals. */
export function argmaxOf(row: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < row.length; index++) if (row[index]! > row[best]!) best = index;
  return best;
}
