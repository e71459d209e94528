import type { HostArray } from '@hybra/spec';
import { type SelectiveRow, selectiveRecurrence } from './selective-recurrence.js';

/** Positions per chunk: Mamba-1 has no chunk size of its own. */
const chunkSize = 64;

/**
 * Mamba-1 over one row of the batch as a chunked scan: each chunk is scanned from a zero state, and what the
 * state at its start adds is put on top: y += C · (exp(A Σdt) h₀). Chunks are independent but for that
 * carry, which is what parallel implementations use (Gu & Dao 2023, §3.3.2). Symbols as in
 * `selective-recurrence.ts`.
 */
export function selectiveChunks(
  { T, D, N }: SelectiveRow,
  inputs: readonly HostArray[],
  xFrom: number,
  mapFrom: number,
  h: HostArray,
  hFrom: number,
  y: HostArray,
): void {
  const [, dt, A, , C] = inputs;
  const local = new Float64Array(D * N);
  const elapsed = new Float64Array(D); // Σ dt since the chunk's start
  for (let first = 0; first < T; first += chunkSize) {
    const q = Math.min(chunkSize, T - first);
    local.fill(0);
    elapsed.fill(0);
    selectiveRecurrence({ T: q, D, N }, inputs, xFrom + first * D, mapFrom + first * N, local, 0, y);
    for (let t = first; t < first + q; t++) {
      const map = mapFrom + t * N;
      for (let d = 0; d < D; d++) {
        elapsed[d]! += dt![xFrom + t * D + d]!;
        let carried = 0;
        for (let n = 0; n < N; n++) {
          carried += C![map + n]! * Math.exp(A![d * N + n]! * elapsed[d]!) * h[hFrom + d * N + n]!;
        }
        y[xFrom + t * D + d]! += carried;
      }
    }
    for (let d = 0; d < D; d++) {
      // A chunk of padding (dt = 0) leaves the state as it is, to the bit.
      if (elapsed[d] === 0) continue;
      for (let n = 0; n < N; n++) {
        const at = d * N + n;
        h[hFrom + at] = Math.exp(A![at]! * elapsed[d]!) * h[hFrom + at]! + local[at]!;
      }
    }
  }
}
