import type { HostArray } from '@hybra/spec';

/** Rows of keys or values of one head, in memory: row r starts at `from + r · stride`. */
export interface HeadRows {
  readonly rows: HostArray;
  readonly from: number;
  readonly stride: number;
}

/** The positions a query sees: `first … last`, both included, position j lying in row j mod `capacity`. */
export interface VisibleKeys {
  readonly first: number;
  readonly last: number;
  readonly capacity: number;
}

/**
 * Softmax attention of one query of one head (Vaswani et al. 2017, eq. 1), in doubles.
 * @param scores room for as many doubles as there are visible keys
 * @param sums room for one value row
 */
export function attendHead(
  q: HostArray,
  qFrom: number,
  scale: number,
  keys: HeadRows,
  values: HeadRows,
  visible: VisibleKeys,
  [keyWidth, valueWidth]: readonly [number, number],
  scores: Float64Array,
  sums: Float64Array,
): void {
  const { first, last, capacity } = visible;
  let largest = Number.NEGATIVE_INFINITY;
  for (let j = first; j <= last; j++) {
    const from = keys.from + (j % capacity) * keys.stride;
    const score = scale * dot(q, qFrom, keys.rows, from, keyWidth);
    scores[j - first] = score;
    largest = Math.max(largest, score);
  }
  let total = 0;
  for (let i = 0; i <= last - first; i++) {
    const weight = Math.exp(scores[i]! - largest);
    scores[i] = weight;
    total += weight;
  }
  sums.fill(0, 0, valueWidth);
  for (let j = first; j <= last; j++) {
    const from = values.from + (j % capacity) * values.stride;
    addScaled(sums, scores[j - first]! / total, values.rows, from, valueWidth);
  }
}

/** A dot product in four partial sums, which hides the latency of the additions. */
function dot(a: HostArray, aFrom: number, b: HostArray, bFrom: number, count: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < count; i += 4) {
    s0 += a[aFrom + i]! * b[bFrom + i]!;
    s1 += a[aFrom + i + 1]! * b[bFrom + i + 1]!;
    s2 += a[aFrom + i + 2]! * b[bFrom + i + 2]!;
    s3 += a[aFrom + i + 3]! * b[bFrom + i + 3]!;
  }
  for (; i < count; i++) s0 += a[aFrom + i]! * b[bFrom + i]!;
  return s0 + s1 + (s2 + s3);
}

function addScaled(sums: Float64Array, scale: number, row: HostArray, from: number, count: number): void {
  for (let i = 0; i < count; i++) sums[i]! += scale * row[from + i]!;
}
