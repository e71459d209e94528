import type { HostArray } from '@hybra/spec';
import type { Scratch } from '../../kernel.js';
import type { HalfRuns } from '../../numbers/half-runs.js';
import { dotFour, dotOne } from './dot.js';
import type { MatmulPlan } from './matmul-plan.js';

/** Rows of b that are widened at once. */
const group = 4;

/** Scratch of {@link multiplyRows}: sums, and a run of halves to widen. */
export function rowsScratchBytes({ K, N, bK }: MatmulPlan, isHalf: boolean): number {
  const sums = bK === 1 ? group : N;
  const widened = bK === 1 ? group * K : N;
  return 8 * sums + (isHalf ? 8 * Math.ceil(widened / 2) : 0);
}

/**
 * One batch element, for a few rows of a: reads b once, in memory order, without packing. b's neighbours lie
 * along k (dot products, the layout of a weight `[N, K]`) or along n (scaled rows are added up).
 */
export function multiplyRows(
  plan: MatmulPlan,
  a: HostArray,
  aFrom: number,
  b: HostArray,
  bFrom: number,
  y: HostArray,
  yFrom: number,
  scratch: Scratch,
  half: HalfRuns | undefined,
): void {
  if (plan.bK === 1) dotRows(plan, a, aFrom, b, bFrom, y, yFrom, scratch, half);
  else {
    for (let m = 0; m < plan.M; m++) {
      addScaledRows(plan, a, aFrom + m * plan.aM, b, bFrom, scratch, half);
      for (let n = 0; n < plan.N; n++) y[yFrom + m * plan.N + n] = scratch.doubles[n]!;
    }
  }
}

function dotRows(
  { M, K, N, aM, aK, bN }: MatmulPlan,
  a: HostArray,
  aFrom: number,
  b: HostArray,
  bFrom: number,
  y: HostArray,
  yFrom: number,
  scratch: Scratch,
  half: HalfRuns | undefined,
): void {
  const sums = scratch.doubles;
  const widenedFrom = 2 * group;
  for (let n = 0; n < N; n += group) {
    const rows = Math.min(group, N - n);
    let source = b;
    let from = bFrom + n * bN;
    let stride = bN;
    if (half) {
      for (let row = 0; row < rows; row++) {
        half.decode(b as Uint16Array, from + row * bN, scratch.words, widenedFrom + row * K, K);
      }
      source = scratch.floats;
      from = widenedFrom;
      stride = K;
    }
    for (let m = 0; m < M; m++) {
      const aRow = aFrom + m * aM;
      const to = yFrom + m * N + n;
      if (rows === group) {
        dotFour(a, aRow, aK, source, from, stride, K, sums);
        for (let row = 0; row < group; row++) y[to + row] = sums[row]!;
      } else {
        for (let row = 0; row < rows; row++) {
          y[to + row] = dotOne(a, aRow, aK, source, from + row * stride, K);
        }
      }
    }
  }
}

/** `doubles[n] = Σₖ a[k] · b[k, n]` */
function addScaledRows(
  { K, N, aK, bK, bN }: MatmulPlan,
  a: HostArray,
  aFrom: number,
  b: HostArray,
  bFrom: number,
  scratch: Scratch,
  half: HalfRuns | undefined,
): void {
  const sums = scratch.doubles;
  sums.fill(0, 0, N);
  for (let k = 0; k < K; k++) {
    const scale = a[aFrom + k * aK]!;
    const from = bFrom + k * bK;
    if (half) {
      half.decode(b as Uint16Array, from, scratch.words, 2 * N, N);
      addScaled(sums, scale, scratch.floats, 2 * N, 1, N);
    } else addScaled(sums, scale, b, from, bN, N);
  }
}

function addScaled(
  sums: Float64Array,
  scale: number,
  row: HostArray,
  from: number,
  step: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) sums[i]! += scale * row[from + i * step]!;
}
