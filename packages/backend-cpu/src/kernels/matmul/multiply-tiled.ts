import type { HostArray } from '@hybra/spec';
import type { Scratch } from '../../kernel.js';
import type { HalfRuns } from '../../numbers/half-runs.js';
import type { MatmulPlan } from './matmul-plan.js';
import { multiplyTile, packPanel, tileColumns } from './tile.js';

const sumCount = 2 * tileColumns;

/** Scratch of {@link multiplyTiled}: eight sums, the panel, and a run of halves to widen. */
export function tiledScratchBytes({ K }: MatmulPlan, isHalf: boolean): number {
  return 8 * (sumCount + tileColumns * K) + (isHalf ? 8 * Math.ceil((tileColumns * K) / 2) : 0);
}

/** One batch element, for several rows of a: packs four columns of b, then multiplies all rows with them. */
export function multiplyTiled(
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
  const { M, K, N, aM, aK, bN } = plan;
  const sums = scratch.doubles;
  const panel = scratch.doubles.subarray(sumCount, sumCount + tileColumns * K);
  for (let n = 0; n < N; n += tileColumns) {
    const columns = Math.min(tileColumns, N - n);
    if (half) packHalves(plan, half, b as Uint16Array, bFrom + n * bN, columns, panel, scratch);
    else packPanel(b, bFrom + n * bN, plan.bK, bN, columns, K, panel);
    for (let m = 0; m < M; m += 2) {
      const rows = Math.min(2, M - m);
      const first = aFrom + m * aM;
      multiplyTile(a, first, first + (rows - 1) * aM, aK, panel, K, sums);
      for (let row = 0; row < rows; row++) {
        const to = yFrom + (m + row) * N + n;
        for (let column = 0; column < columns; column++) y[to + column] = sums[row * tileColumns + column]!;
      }
    }
  }
}

/** Widens columns (neighbours along k) or rows (neighbours along n) of halves, then packs them. */
function packHalves(
  { K, bK, bN }: MatmulPlan,
  half: HalfRuns,
  b: Uint16Array,
  from: number,
  columns: number,
  panel: Float64Array,
  scratch: Scratch,
): void {
  const at = 2 * (sumCount + tileColumns * K);
  if (bK === 1) {
    for (let n = 0; n < columns; n++) half.decode(b, from + n * bN, scratch.words, at + n * K, K);
    packPanel(scratch.floats, at, 1, K, columns, K, panel);
  } else {
    for (let k = 0; k < K; k++) half.decode(b, from + k * bK, scratch.words, at + k * columns, columns);
    packPanel(scratch.floats, at, columns, 1, columns, K, panel);
  }
}
