import type { HostArray } from '@hybra/spec';

/**
 * Mamba-2's recurrence for one row of the batch (Dao & Gu 2024, eq. 16 with the scalar decay of §2.4),
 * position by position: the definition that chunked forms are measured against.
 *
 * | symbol | meaning | shape |
 * |---|---|---|
 * | x, y | input, output | [T, H, P] |
 * | dt | step size | [T, H] |
 * | A | continuous decay, negative | [H] |
 * | B, C | input and output maps | [T, G, N] |
 * | h | state | [H, P, N] |
 */
export interface SsdRow {
  readonly T: number;
  readonly H: number;
  readonly P: number;
  readonly G: number;
  readonly N: number;
}

/** `row` is which of the batch; h starts at `hFrom`. */
export function ssdRecurrence(
  { T, H, P, G, N }: SsdRow,
  [x, dt, A, B, C]: readonly HostArray[],
  row: number,
  h: HostArray,
  hFrom: number,
  y: HostArray,
): void {
  for (let t = 0; t < T; t++) {
    const token = row * T + t;
    for (let head = 0; head < H; head++) {
      const step = dt![token * H + head]!;
      const decay = Math.exp(step * A![head]!);
      const map = (token * G + Math.floor((head * G) / H)) * N;
      const xFrom = (token * H + head) * P;
      const headFrom = hFrom + head * P * N;
      if (step === 0) readHead(C!, map, h, headFrom, y, xFrom, P, N);
      else advanceHead(x!, xFrom, step, decay, B!, C!, map, h, headFrom, y, P, N);
    }
  }
}

/** h ← decay · h + dt · x ⊗ B; y = h C */
function advanceHead(
  x: HostArray,
  xFrom: number,
  dt: number,
  decay: number,
  B: HostArray,
  C: HostArray,
  mapFrom: number,
  h: HostArray,
  hFrom: number,
  y: HostArray,
  P: number,
  N: number,
): void {
  for (let p = 0; p < P; p++) {
    const input = dt * x[xFrom + p]!;
    const from = hFrom + p * N;
    let sum = 0;
    for (let n = 0; n < N; n++) {
      const state = decay * h[from + n]! + input * B[mapFrom + n]!;
      h[from + n] = state;
      sum += C[mapFrom + n]! * state;
    }
    y[xFrom + p] = sum;
  }
}

/** y = h C: dt = 0 leaves the state as it is, to the bit, and even where x is not finite. */
function readHead(
  C: HostArray,
  mapFrom: number,
  h: HostArray,
  hFrom: number,
  y: HostArray,
  yFrom: number,
  P: number,
  N: number,
): void {
  for (let p = 0; p < P; p++) {
    let sum = 0;
    for (let n = 0; n < N; n++) sum += C[mapFrom + n]! * h[hFrom + p * N + n]!;
    y[yFrom + p] = sum;
  }
}
