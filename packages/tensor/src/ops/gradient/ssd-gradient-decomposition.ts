import type { Tensor } from '../../graph/tensor.js';
import { permute, reshape, slice, squeeze, unsqueeze } from '../../graph/views.js';
import { concat } from '../array/concat.js';
import { copy } from '../array/copy.js';
import { cumulativeSum } from '../array/cumulative-sum.js';
import { fill } from '../array/fill.js';
import { gatherRows } from '../array/gather-rows.js';
import { iota } from '../array/iota.js';
import { matmul } from '../array/matmul.js';
import { pad } from '../array/pad.js';
import { sum } from '../array/reduce.js';
import { scatterAddRows, writeRows } from '../array/scatter-rows.js';
import { add, less, mul } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { select } from '../elementwise/select.js';
import { exp } from '../elementwise/unary.js';
import { inChunks } from '../sequence/in-chunks.js';
import { segmentSum } from '../sequence/segment-sum.js';
import { maskInactive } from '../sequence/slots.js';

// The gradient of state-space duality (Dao & Gu 2024, Listing 1) as matrix products, all chunks at once. Letters as
// in ssd-decomposition.ts; d… is the gradient of what follows it:
//
//   X = dt·x     a = dt·A     L[i, j] decay from j to i     H state at the entry of a chunk     M = (C Bᵀ) ∘ L
//
// Every decay is e to a sum of a's, so that its gradient times itself goes to each a of that sum. These are sums
// without differences: prefix and suffix sums within a chunk.

/** `ssdChunkScanGradient` in simpler ops. The number of nodes does not depend on T. */
export function decomposeSsdGradient(inputs: readonly Tensor[], chunkSize: number): readonly Tensor[] {
  const [x, dt, A, B, C, states, slots, dy] = inputs as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const dfinal = inputs[8];
  const [batch, length, heads, size] = x.shape as [number, number, number, number];
  const [groups, width] = B.shape.slice(2) as [number, number];
  const { dtype } = x;
  if (length === 0) {
    const zeros = [x, dt, A, B, C].map((each) => fill(each.shape, 0, each.dtype));
    return [...zeros, dfinal ? copy(dfinal) : fill(states.shape, 0, dtype)];
  }
  const shared = heads / groups;
  const positions = Math.min(chunkSize, length);
  const chunks = Math.ceil(length / positions);
  const chunked = (input: Tensor, rest: readonly number[]): Tensor => inChunks(input, positions, rest);
  /** Undoes `chunked`. */
  const flat = (x: Tensor, shape: readonly number[]): Tensor =>
    slice(reshape(x, [batch, chunks * positions, ...shape]), 1, 0, length);

  const dts = chunked(cast(dt, dtype), [groups, shared]);
  const decays = reshape(cast(A, dtype), [groups, shared]);
  const xs = chunked(x, [groups, shared, size]); // [B, c, Q, G, R, P]
  const X = mul(unsqueeze(dts, -1), xs);
  const a = permute(mul(dts, decays), [0, 1, 3, 4, 2]); // [B, c, G, R, Q]
  const Bs = permute(chunked(B, [groups, width]), [0, 1, 3, 2, 4]); // [B, c, G, Q, N]
  const Cs = permute(chunked(C, [groups, width]), [0, 1, 3, 2, 4]);
  const dY = chunked(maskInactive(dy, slots, states.shape[0]!, dtype), [groups, shared, size]);
  const perHead = (each: Tensor): Tensor => permute(each, [0, 1, 3, 4, 2, 5]); // [B, c, G, R, Q, P]
  const columns = (each: Tensor): Tensor =>
    reshape(permute(each, [0, 1, 3, 2, 4, 5]), [batch, chunks, groups, positions, shared * size]);
  const isAfter = less(iota([1, positions]), iota([positions, 1], 0)); // [k, j]: j < k

  // 1. Within a chunk: Y = M X
  const L = exp(segmentSum(a)); // [B, c, G, R, Q, Q]
  const M = mul(unsqueeze(matmul(Cs, Bs, { transposeB: true }), 3), L);
  const dM = matmul(perHead(dY), perHead(X), { transposeB: true });
  const doverlap = sum(mul(dM, L), 3); // [B, c, G, Q, Q]
  const dXwithin = permute(matmul(M, perHead(dY), { transposeA: true }), [0, 1, 4, 2, 3, 5]);
  let dC = matmul(doverlap, Bs); // [B, c, G, Q, N]
  let dB = matmul(doverlap, Cs, { transposeA: true });
  const fromL = cumulativeSum(mul(dM, M), -2, { reverse: true }); // Σ over i ≥ k
  let da = sum(select(isAfter, fromL, 0), -1); // [B, c, G, R, Q]

  // 2. Again: what each chunk adds to the state, and the states at their entries.
  const toEnd = permute(squeeze(slice(L, -2, positions - 1), -2), [0, 1, 4, 2, 3]); // [B, c, Q, G, R]
  const decayed = mul(X, unsqueeze(toEnd, -1));
  const added = matmul(columns(decayed), Bs, { transposeA: true }); // [B, c, G, R·P, N]
  const asRows = [groups, shared, size * width];
  const initial = reshape(gatherRows(states, slots), [batch, 1, ...asRows]);
  const all = permute(concat([initial, reshape(added, [batch, chunks, ...asRows])], 1), [0, 2, 3, 1, 4]);
  const sums = cumulativeSum(a, -1);
  const totals = permute(squeeze(slice(sums, -1, positions - 1), -1), [0, 2, 3, 1]); // [B, G, R, c]
  const across = exp(segmentSum(pad(totals, [0, 0, 0, 1], [0, 0, 0, 0]))); // [B, G, R, c + 1, c + 1]
  const entries = matmul(across, all); // [B, G, R, c + 1, P·N]
  const entering = permute(slice(entries, 3, 0, chunks), [0, 3, 1, 2, 4]);
  const H = reshape(entering, [batch, chunks, groups, shared * size, width]);

  // 3. What the entry state contributes: Y = decay[start → q] · (C Hᵀ)
  const fromStart = permute(exp(sums), [0, 1, 4, 2, 3]); // [B, c, Q, G, R]
  const dread = columns(mul(dY, unsqueeze(fromStart, -1))); // [B, c, G, Q, R·P]
  dC = add(dC, matmul(dread, H));
  const dH = matmul(dread, Cs, { transposeA: true }); // [B, c, G, R·P, N]
  const split = [batch, chunks, groups, positions, shared, size];
  const read = matmul(Cs, H, { transposeB: true });
  const atStart = permute(sum(reshape(mul(dread, read), split), -1), [0, 1, 2, 4, 3]); // [B, c, G, R, Q]
  da = add(da, cumulativeSum(atStart, -1, { reverse: true }));

  // 4. Across chunks.
  const dlast = dfinal
    ? reshape(gatherRows(dfinal, slots), [batch, 1, ...asRows])
    : fill([batch, 1, ...asRows], 0, dtype);
  const dentries = permute(concat([reshape(dH, [batch, chunks, ...asRows]), dlast], 1), [0, 2, 3, 1, 4]);
  const dall = matmul(across, dentries, { transposeA: true }); // [B, G, R, c + 1, P·N]
  const weighted = mul(matmul(dentries, all, { transposeB: true }), across); // [B, G, R, c + 1, c + 1]
  const isLater = less(iota([1, chunks + 1]), iota([chunks + 1, 1], 0));
  const dtotals = sum(select(isLater, cumulativeSum(weighted, -2, { reverse: true }), 0), -1);
  const perChunk = permute(slice(dtotals, -1, 1), [0, 3, 1, 2]); // [B, c, G, R]
  da = add(da, unsqueeze(perChunk, -1));
  const dinitial = reshape(squeeze(slice(dall, 3, 0, 1), 3), [batch, heads, size, width]);
  const dadded = reshape(permute(slice(dall, 3, 1), [0, 3, 1, 2, 4]), H.shape);

  // 5. Back through what each chunk adds.
  const ddecayed = permute(reshape(matmul(Bs, dadded, { transposeB: true }), split), [0, 1, 3, 2, 4, 5]);
  dB = add(dB, matmul(columns(decayed), dadded));
  const atEnd = permute(sum(mul(decayed, ddecayed), -1), [0, 1, 3, 4, 2]); // [B, c, G, R, Q]
  const before = slice(cumulativeSum(atEnd, -1), -1, 0, positions - 1); // Σ over j < k, from k = 1 on
  da = add(da, pad(before, [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]));

  const dX = add(dXwithin, mul(ddecayed, unsqueeze(toEnd, -1))); // [B, c, Q, G, R, P]
  const steps = permute(da, [0, 1, 4, 2, 3]); // [B, c, Q, G, R]
  const ddt = add(sum(mul(xs, dX), -1), mul(steps, decays));
  const maps = (each: Tensor): Tensor => flat(permute(each, [0, 1, 3, 2, 4]), [groups, width]);
  const kept = dfinal
    ? writeRows(dfinal, slots, fill([batch, heads, size, width], 0, dtype))
    : fill(states.shape, 0, dtype);
  return [
    flat(mul(unsqueeze(dts, -1), dX), [heads, size]),
    cast(flat(ddt, [heads]), 'f32'),
    cast(reshape(sum(mul(steps, dts), [0, 1, 2]), [heads]), 'f32'),
    maps(dB),
    maps(dC),
    scatterAddRows(kept, slots, dinitial),
  ];
}
