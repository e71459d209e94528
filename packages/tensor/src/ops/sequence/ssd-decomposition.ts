import type { Tensor } from '../../graph/tensor.js';
import { permute, reshape, slice, squeeze, unsqueeze } from '../../graph/views.js';
import { concat } from '../array/concat.js';
import { copy } from '../array/copy.js';
import { cumulativeSum } from '../array/cumulative-sum.js';
import { fill } from '../array/fill.js';
import { gatherRows } from '../array/gather-rows.js';
import { matmul } from '../array/matmul.js';
import { pad } from '../array/pad.js';
import { writeRows } from '../array/scatter-rows.js';
import { add, mul } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { exp } from '../elementwise/unary.js';
import { computeDType } from '../widen.js';
import { inChunks } from './in-chunks.js';
import { segmentSum } from './segment-sum.js';
import { maskInactive } from './slots.js';

// State-space duality as matrix products (Dao & Gu 2024, Listing 1), all chunks at once.
//
//   B batch · c chunks · Q positions per chunk · G groups · R heads per group · P head size · N state size
//   X = dt·x     a = dt·A (log decay of one step)     L[i, j] = decay from j to i within a chunk
//   H = state at the entry of a chunk
//
// Any T: the last chunk is filled up with dt = 0, which keeps the state. The heads of a group share B and C
// as rows of one product, so that neither is repeated per head.

/** `ssdChunkScan` in simpler ops. The number of nodes does not depend on T. */
export function decomposeSsdChunkScan(inputs: readonly Tensor[], chunkSize: number): readonly Tensor[] {
  const [x, dt, A, B, C, states, slots] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const [batch, length, heads, size] = x.shape as [number, number, number, number];
  const [groups, width] = B.shape.slice(2) as [number, number];
  if (length === 0) return [fill(x.shape, 0, x.dtype), copy(states)];
  const shared = heads / groups;
  const positions = Math.min(chunkSize, length);
  const chunks = Math.ceil(length / positions);
  const dtype = computeDType(...inputs);

  const chunked = (input: Tensor, rest: readonly number[]): Tensor =>
    inChunks(cast(input, dtype), positions, rest);
  const dts = chunked(dt, [groups, shared]);
  const X = mul(unsqueeze(dts, -1), chunked(x, [groups, shared, size])); // [B, c, Q, G, R, P]
  const a = permute(mul(dts, reshape(cast(A, dtype), [groups, shared])), [0, 1, 3, 4, 2]); // [B, c, G, R, Q]
  const Bs = permute(chunked(B, [groups, width]), [0, 1, 3, 2, 4]); // [B, c, G, Q, N]
  const Cs = permute(chunked(C, [groups, width]), [0, 1, 3, 2, 4]);

  // 1. Within a chunk: Y = ((C Bᵀ) ∘ L) X
  const L = exp(segmentSum(a)); // [B, c, G, R, Q, Q]
  const overlap = unsqueeze(matmul(Cs, Bs, { transposeB: true }), 3); // [B, c, G, 1, Q, Q]
  const within = matmul(mul(overlap, L), permute(X, [0, 1, 3, 4, 2, 5])); // [B, c, G, R, Q, P]

  // 2. What each chunk adds to the state: Σ_q decay[q → end] X[q] ⊗ B[q]. The decay is the last row of L.
  const toEnd = squeeze(slice(L, -2, positions - 1), -2); // [B, c, G, R, Q]
  const decayed = mul(permute(X, [0, 1, 3, 2, 4, 5]), unsqueeze(permute(toEnd, [0, 1, 2, 4, 3]), -1));
  const columns = reshape(decayed, [batch, chunks, groups, positions, shared * size]);
  const added = matmul(columns, Bs, { transposeA: true }); // [B, c, G, R·P, N]

  // 3. Across chunks: the same recurrence with the decay of whole chunks, the initial state before the first.
  const initial = cast(gatherRows(states, slots), dtype); // [B, H, P, N]
  const perHead = [groups, shared, size * width];
  const all = concat(
    [reshape(initial, [batch, 1, ...perHead]), reshape(added, [batch, chunks, ...perHead])],
    1,
  );
  const sums = cumulativeSum(a, -1);
  const totals = permute(squeeze(slice(sums, -1, positions - 1), -1), [0, 2, 3, 1]); // [B, G, R, c]
  const across = exp(segmentSum(pad(totals, [0, 0, 0, 1], [0, 0, 0, 0]))); // [B, G, R, c + 1, c + 1]
  const entries = matmul(across, permute(all, [0, 2, 3, 1, 4])); // [B, G, R, c + 1, P·N]
  const final = reshape(slice(entries, 3, chunks), [batch, heads, size, width]);

  // 4. What the entry state contributes: Y = decay[start → q] · (C Hᵀ)
  const entering = permute(slice(entries, 3, 0, chunks), [0, 3, 1, 2, 4]); // [B, c, G, R, P·N]
  const H = reshape(entering, [batch, chunks, groups, shared * size, width]);
  const read = reshape(matmul(Cs, H, { transposeB: true }), [batch, chunks, groups, positions, shared, size]);
  const fromEntry = mul(read, unsqueeze(permute(exp(sums), [0, 1, 2, 4, 3]), -1));

  const y = add(permute(within, [0, 1, 4, 2, 3, 5]), permute(fromEntry, [0, 1, 3, 2, 4, 5]));
  const flat = reshape(y, [batch, chunks * positions, heads, size]);
  return [
    maskInactive(slice(flat, 1, 0, length), slots, states.shape[0]!, x.dtype),
    writeRows(states, slots, cast(final, states.dtype)),
  ];
}
