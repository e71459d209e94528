import type { HostArray } from '@hybra/spec';
import type { SsdRow, ssdRecurrence } from './ssd-recurrence.js';

/**
 * Mamba-2 over one row of the batch as the chunked SSD algorithm (Dao & Gu 2024, §6 and Listing 1), in plain
 * loops. Symbols as in `ssd-recurrence.ts`, and of one chunk of q positions:
 *
 * | symbol | meaning | shape |
 * |---|---|---|
 * | CB | C Bᵀ, shared by the heads of a group | [q, q], lower triangle |
 * | L | exp of the segment sums of dt·A: decay from position j to i | [q, q], lower triangle |
 *
 * 1. Y_diag = (CB ∘ L) (dt·x): within the chunk
 * 2. Y_off = exp(sum of dt·A from the chunk's start to i) · C h: from the state at the chunk's start
 * 3. h ← exp(sum over the chunk) h + Σⱼ L(last, j) dtⱼ xⱼ ⊗ Bⱼ
 *
 * Segment sums are running sums and never differences of longer ones. Positions with dt = 0 add nothing, even
 * where x is not finite.
 */
export function ssdChunks(chunkSize: number): typeof ssdRecurrence {
  return (sizes, inputs, row, h, hFrom, y) => {
    const { T, H, G } = sizes;
    const headsPerGroup = H / G;
    const longest = Math.min(chunkSize, T);
    const CB = new Float64Array(longest * longest);
    for (let first = 0; first < T; first += chunkSize) {
      const chunk = { ...sizes, row, first, q: Math.min(chunkSize, T - first) };
      for (let group = 0; group < G; group++) {
        mapProducts(chunk, group, inputs[3]!, inputs[4]!, CB);
        for (let head = group * headsPerGroup; head < (group + 1) * headsPerGroup; head++) {
          advanceHead(chunk, head, group, inputs, CB, h, hFrom, y);
        }
      }
    }
  };
}

/** Positions `first` … `first + q − 1` of a row. */
interface Chunk extends SsdRow {
  readonly row: number;
  readonly first: number;
  readonly q: number;
}

/** CB[i, j] = Cᵢ · Bⱼ for j ≤ i. */
function mapProducts(chunk: Chunk, group: number, B: HostArray, C: HostArray, CB: Float64Array): void {
  const { T, G, N, row, first, q } = chunk;
  const map = (t: number): number => ((row * T + first + t) * G + group) * N;
  for (let i = 0; i < q; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let n = 0, c = map(i), b = map(j); n < N; n++) sum += C[c + n]! * B[b + n]!;
      CB[i * q + j] = sum;
    }
  }
}

function advanceHead(
  chunk: Chunk,
  head: number,
  group: number,
  [x, dt, A, B, C]: readonly HostArray[],
  CB: Float64Array,
  h: HostArray,
  hFrom: number,
  y: HostArray,
): void {
  const { T, H, P, G, N, row, first, q } = chunk;
  const token = row * T + first;
  const steps = Float64Array.from({ length: q }, (_, t) => dt![(token + t) * H + head]!);
  const decays = steps.map((step) => step * A![head]!);
  const state = hFrom + head * P * N;
  let fromStart = 0;
  for (let i = 0; i < q; i++) {
    fromStart += decays[i]!;
    const out = ((token + i) * H + head) * P;
    const map = ((token + i) * G + group) * N;
    const entering = Math.exp(fromStart);
    for (let p = 0; p < P; p++) {
      let sum = 0;
      for (let n = 0, s = state + p * N; n < N; n++) sum += C![map + n]! * h[s + n]!;
      y[out + p] = entering * sum; // Y_off
    }
  }
  for (let i = 0; i < q; i++) {
    const out = ((token + i) * H + head) * P;
    let segment = 0; // Σ decays[j + 1 … i], walking j down from i
    for (let j = i; j >= 0; segment += decays[j]!, j--) {
      if (steps[j] === 0) continue;
      const weight = CB[i * q + j]! * Math.exp(segment) * steps[j]!;
      for (let p = 0, from = ((token + j) * H + head) * P; p < P; p++) y[out + p]! += weight * x![from + p]!; // Y_diag
    }
  }
  if (fromStart !== 0) {
    const through = Math.exp(fromStart);
    for (let s = state; s < state + P * N; s++) h[s]! *= through;
  }
  let toEnd = 0; // Σ decays[j + 1 … q − 1]
  for (let j = q - 1; j >= 0; toEnd += decays[j]!, j--) {
    if (steps[j] === 0) continue;
    const weight = Math.exp(toEnd) * steps[j]!;
    const map = ((token + j) * G + group) * N;
    for (let p = 0, from = ((token + j) * H + head) * P; p < P; p++) {
      const input = weight * x![from + p]!;
      for (let n = 0, s = state + p * N; n < N; n++) h[s + n]! += input * B![map + n]!;
    }
  }
}
