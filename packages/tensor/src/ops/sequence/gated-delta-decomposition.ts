import type { Tensor } from '../../graph/tensor.js';
import { permute, reshape, slice, squeeze, transpose, unsqueeze } from '../../graph/views.js';
import { concat } from '../array/concat.js';
import { copy } from '../array/copy.js';
import { cumulativeSum } from '../array/cumulative-sum.js';
import { fill } from '../array/fill.js';
import { gatherRows } from '../array/gather-rows.js';
import { iota } from '../array/iota.js';
import { matmul } from '../array/matmul.js';
import { writeRows } from '../array/scatter-rows.js';
import { expandTo } from '../broadcast.js';
import { add, less, mul, sub } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { select } from '../elementwise/select.js';
import { exp } from '../elementwise/unary.js';
import { computeDType } from '../widen.js';
import { inChunks } from './in-chunks.js';
import { invertUnitTriangle } from './invert-unit-triangle.js';
import { segmentSum } from './segment-sum.js';
import { maskInactive } from './slots.js';

// The gated delta rule in chunks, with the WY representation of its products of Householder-like matrices
// (Yang et al. 2024, "Gated Delta Networks", §3.3; "Parallelizing Linear Transformers with the Delta Rule", §3).
//
//   B batch · H value heads · c chunks · Q positions per chunk · K key size · V value size
//   a = log decay of one step     L[i, j] = decay from j to i within a chunk     S = state, [K, V]
//
// Any T: the last chunk is filled up with a = 0 and β = 0, which keep the state.

/** `gatedDelta` in simpler ops: O(log Q) nodes for what happens within chunks, and some for each chunk. */
export function decomposeGatedDelta(inputs: readonly Tensor[], chunkSize: number): readonly Tensor[] {
  const [q, k, v, logDecay, beta, states, slots] = inputs as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const [batch, length, heads, valueSize] = v.shape as [number, number, number, number];
  const [keyHeads, keySize] = k.shape.slice(2) as [number, number];
  if (length === 0) return [fill(v.shape, 0, v.dtype), copy(states)];
  const positions = Math.min(chunkSize, length);
  const chunks = Math.ceil(length / positions);
  const dtype = computeDType(v, states);

  /** `[B, T, …]` → `[B, c, Q, …]`, filled up with zeros. */
  const chunked = (input: Tensor): Tensor => inChunks(cast(input, dtype), positions);
  /** The key head of each value head: `[B, T, Hk, K]` → `[B, c, H, Q, K]`. */
  const perHead = (input: Tensor): Tensor => {
    const spread = expandTo(unsqueeze(chunked(input), 4), [
      ...[batch, chunks, positions],
      ...[keyHeads, heads / keyHeads, keySize],
    ]);
    return permute(reshape(spread, [batch, chunks, positions, heads, keySize]), [0, 1, 3, 2, 4]);
  };
  const [Q, K] = [perHead(q), copy(perHead(k))];
  const V = permute(chunked(v), [0, 1, 3, 2, 4]); // [B, c, H, Q, V]
  const a = permute(chunked(logDecay), [0, 1, 3, 2]); // [B, c, H, Q]
  const strength = unsqueeze(permute(chunked(beta), [0, 1, 3, 2]), -1); // [B, c, H, Q, 1]

  // 1. Within a chunk: each value without what earlier positions of the chunk wrote under its key.
  const L = exp(segmentSum(a)); // [B, c, H, Q, Q], 0 above the diagonal
  const sums = cumulativeSum(a, -1);
  const fromStart = unsqueeze(exp(sums), -1); // decay from the chunk's start, [B, c, H, Q, 1]
  const weighted = mul(K, strength);
  const row = unsqueeze(iota([positions]), 1);
  const isEarlier = less(unsqueeze(iota([positions]), 0), row);
  const overlap = select(isEarlier, mul(matmul(weighted, K, { transposeB: true }), L), 0);
  const inverse = invertUnitTriangle(overlap);
  const values = matmul(inverse, mul(V, strength)); // U
  const reads = matmul(inverse, mul(weighted, fromStart)); // W

  // 2. Across chunks: S ← decay S + (keys decayed to the end)ᵀ (U − W S)
  const scores = mul(matmul(Q, K, { transposeB: true }), L);
  const queries = mul(Q, fromStart);
  const toEnd = unsqueeze(squeeze(slice(L, -2, positions - 1), -2), -1); // [B, c, H, Q, 1]
  const keys = mul(K, toEnd);
  const whole = unsqueeze(slice(exp(sums), -1, positions - 1), -1); // [B, c, H, 1, 1]
  let state = cast(gatherRows(states, slots), dtype); // [B, H, K, V]
  const ys: Tensor[] = [];
  for (let chunk = 0; chunk < chunks; chunk++) {
    const at = (x: Tensor): Tensor => squeeze(slice(x, 1, chunk, chunk + 1), 1);
    const written = sub(at(values), matmul(at(reads), state)); // [B, H, Q, V]
    ys.push(unsqueeze(add(matmul(at(queries), state), matmul(at(scores), written)), 1));
    state = add(mul(state, at(whole)), matmul(transpose(at(keys)), written));
  }
  const y = permute(concat(ys, 1), [0, 1, 3, 2, 4]); // [B, c, Q, H, V]
  const flat = reshape(y, [batch, chunks * positions, heads, valueSize]);
  return [
    maskInactive(slice(flat, 1, 0, length), slots, states.shape[0]!, v.dtype),
    writeRows(states, slots, cast(state, states.dtype)),
  ];
}
