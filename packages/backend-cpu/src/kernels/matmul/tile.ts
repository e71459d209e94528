import type { HostArray } from '@hybra/spec';

/** Columns of b that a tile, and a packed panel, hold. */
export const tileColumns = 4;

/**
 * Multiplies two rows of a with four columns of b: eight sums in registers, in doubles.
 * @param panel b's columns as `panel[4k + column]`
 * @param aSecond where the second row starts; the first row again if there is none
 * @param sums on return, the first row's four sums, then the second row's
 */
export function multiplyTile(
  a: HostArray,
  aFirst: number,
  aSecond: number,
  aK: number,
  panel: Float64Array,
  K: number,
  sums: Float64Array,
): void {
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  for (let k = 0, i = aFirst, j = aSecond, at = 0; k < K; k++, i += aK, j += aK, at += tileColumns) {
    const b0 = panel[at]!;
    const b1 = panel[at + 1]!;
    const b2 = panel[at + 2]!;
    const b3 = panel[at + 3]!;
    const first = a[i]!;
    const second = a[j]!;
    s00 += first * b0;
    s01 += first * b1;
    s02 += first * b2;
    s03 += first * b3;
    s10 += second * b0;
    s11 += second * b1;
    s12 += second * b2;
    s13 += second * b3;
  }
  sums[0] = s00;
  sums[1] = s01;
  sums[2] = s02;
  sums[3] = s03;
  sums[4] = s10;
  sums[5] = s11;
  sums[6] = s12;
  sums[7] = s13;
}

/** Lays up to four columns of b side by side as doubles; missing columns are zeros. */
export function packPanel(
  b: HostArray,
  from: number,
  bK: number,
  bN: number,
  columns: number,
  K: number,
  panel: Float64Array,
): void {
  if (columns < tileColumns) panel.fill(0, 0, tileColumns * K);
  for (let column = 0; column < columns; column++) {
    const start = from + column * bN;
    for (let k = 0; k < K; k++) panel[tileColumns * k + column] = b[start + k * bK]!;
  }
}
