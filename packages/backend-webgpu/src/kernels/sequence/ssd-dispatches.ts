import type { OpCall } from '@hybra/spec';
import type { Dispatch } from '../../kernel.js';
import { numbers } from '../composite/row-dispatch.js';
import { counts, gridMain } from './pool.js';
import { mostPositions, type SsdSizes, ssdParameters, ssdPart } from './ssd-sizes.js';
import {
  elementAt,
  ssdTile,
  stepsOf,
  tileEnd,
  tileLoad,
  tileMemory,
  tilePlace,
  tileProducts,
  tileZeros,
} from './ssd-tile.js';

/**
 * decays[b, c, h, q] = Σ dt·A over the chunk's positions up to q. One invocation adds up, so that the difference of
 * neighbours is that of one addition; all bring the terms.
 */
export function cumulativeDecays(sizes: SsdSizes): Dispatch {
  const { batch, chunks, H } = sizes;
  const groups = batch * chunks * H;
  return {
    operands: [numbers('dt', 1), numbers('A', 2), ssdPart('decays', sizes)],
    parameters: ssdParameters(sizes, groups),
    code: `var<workgroup> sums: array<f32, ${mostPositions}>;
${gridMain(mostPositions)}
  if (group >= p.groups) { return; }
  let h = group % p.H;
  let chunk = group / p.H % p.chunks;
  let b = group / p.H / p.chunks;
  let t = chunk * p.Q + l;
  sums[l] = 0.0;
  if (l < p.Q && t < p.T) { sums[l] = load_dt((b * p.T + t) * p.H + h) * load_A(h); }
  workgroupBarrier();
  if (l == 0u) {
    var total = 0.0;
    for (var q = 0u; q < ${mostPositions}u; q++) {
      total += sums[q];
      sums[q] = total;
    }
  }
  workgroupBarrier();
  if (l < p.Q) { decays[group * p.Q + l] = sums[l]; }
}`,
    workgroups: [groups, 1, 1],
  };
}

/** products[b, c, g, i, j] = C[i] · B[j] within a chunk, for j ≤ i by tiles of 16 × 16. */
export function mapProducts(sizes: SsdSizes): Dispatch {
  const { batch, chunks, G, Q } = sizes;
  const side = Math.ceil(Q / 16);
  const groups = batch * chunks * G * side * side;
  return {
    operands: [numbers('B', 3), numbers('C', 4), ssdPart('products', sizes)],
    parameters: [...ssdParameters(sizes, groups), ...counts({ side })],
    code: `
var<workgroup> b_tile: array<array<f32, 17>, 16>;
var<workgroup> c_tile: array<array<f32, 17>, 16>;
${gridMain(256)}
  if (group >= p.groups) { return; }
  let column = group % p.side;
  let line = group / p.side % p.side;
  if (column > line) { return; }
  let outer = group / p.side / p.side;
  let map = outer % p.G;
  let chunk = outer / p.G % p.chunks;
  let b = outer / p.G / p.chunks;
  let x = l % 16u;
  let y = l / 16u;
  let t_b = chunk * p.Q + column * 16u + y;
  let t_c = chunk * p.Q + line * 16u + y;
  var total = 0.0;
  for (var n0 = 0u; n0 < p.N; n0 += 16u) {
    b_tile[y][x] = 0.0;
    c_tile[y][x] = 0.0;
    if (n0 + x < p.N) {
      if (t_b < p.T) { b_tile[y][x] = load_B(((b * p.T + t_b) * p.G + map) * p.N + n0 + x); }
      if (t_c < p.T) { c_tile[y][x] = load_C(((b * p.T + t_c) * p.G + map) * p.N + n0 + x); }
    }
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) { total = fma(c_tile[y][k], b_tile[x][k], total); }
    workgroupBarrier();
  }
  let i = line * 16u + y;
  let j = column * 16u + x;
  if (i < p.Q && j < p.Q) { products[(outer * p.Q + i) * p.Q + j] = total; }
}`,
    workgroups: [groups, 1, 1],
  };
}

/** states[b, c, h, p, n] = Σ exp(decay of the rest of the chunk) · dt · x[p] · B[n]. */
export function chunkStates(sizes: SsdSizes, call: OpCall): Dispatch {
  const { batch, chunks, H, P, N } = sizes;
  const lines = Math.ceil(P / ssdTile.side);
  const columns = Math.ceil(N / ssdTile.side);
  const groups = batch * chunks * H * lines * columns;
  return {
    operands: [
      numbers('x', 0),
      numbers('dt', 1),
      numbers('B', 3),
      ssdPart('decays', sizes),
      ssdPart('states', sizes),
    ],
    parameters: [
      ...ssdParameters(sizes, groups),
      ...counts({ lines, columns }),
      ...stepsOf('x', call, 0),
      ...stepsOf('B', call, 3),
    ],
    code: `${tileMemory}
var<workgroup> scales: array<f32, ${mostPositions}>;
${gridMain(ssdTile.size)}
  if (group >= p.groups) { return; }
  let n0 = group % p.columns * ${ssdTile.side}u;
  let p0 = group / p.columns % p.lines * ${ssdTile.side}u;
  let outer = group / p.columns / p.lines;
  let h = outer % p.H;
  let chunk = outer / p.H % p.chunks;
  let b = outer / p.H / p.chunks;
  let map = h * p.G / p.H;
  let t0 = chunk * p.Q;
  let last = decays[outer * p.Q + p.Q - 1u];
  // dt = 0 takes no part, even where x is not finite: it has a scale of 0, and no other has.
  var scale = 0.0;
  if (l < p.Q && t0 + l < p.T) {
    let dt = load_dt((b * p.T + t0 + l) * p.H + h);
    if (dt != 0.0) { scale = exp_f(last - decays[outer * p.Q + l]) * dt; }
  }
  scales[l] = scale;
  workgroupBarrier();
  ${tilePlace}
  ${tileZeros}
  for (var q0 = 0u; q0 < p.Q; q0 += ${ssdTile.depth}u) {
    ${tileLoad('a_tile', 'sides', `if (p0 + at < p.P && scales[q0 + term] != 0.0) { value = scales[q0 + term] * ${elementAt('x', ['b', 't0 + q0 + term', 'h', 'p0 + at'])}; }`)}
    ${tileLoad('b_tile', 'sides', `if (n0 + at < p.N && scales[q0 + term] != 0.0) { value = ${elementAt('B', ['b', 't0 + q0 + term', 'map', 'n0 + at'])}; }`)}
    ${tileProducts}
  }
  ${tileEnd('if (p0 + row < p.P && n0 + column < p.N) { states[(outer * p.P + p0 + row) * p.N + n0 + column] = total; }')}
}`,
    workgroups: [groups, 1, 1],
  };
}

/** Replaces what each chunk adds by the state before it, and puts the last state into the pool. */
export function passStates(sizes: SsdSizes): Dispatch {
  const { batch, H, P, N } = sizes;
  const count = batch * H * P * N;
  return {
    operands: [
      numbers('slots', 6),
      ssdPart('decays', sizes),
      ssdPart('states', sizes),
      { name: 'pool', place: { kind: 'output', index: 1 }, view: 'f32', isWritten: true },
    ],
    parameters: ssdParameters(sizes, count),
    code: `${gridMain(256)}
  let id = group * 256u + l;
  if (id >= p.groups) { return; }
  let size = p.P * p.N;
  let h = id / size % p.H;
  let b = id / size / p.H;
  let slot = bitcast<u32>(load_slots(b));
  if (slot >= p.S) { return; }
  let place = slot * p.H * size + h * size + id % size;
  var state = pool[place];
  for (var chunk = 0u; chunk < p.chunks; chunk++) {
    let outer = (b * p.chunks + chunk) * p.H + h;
    let at = outer * size + id % size;
    let added = states[at];
    states[at] = state;
    let decay = decays[outer * p.Q + p.Q - 1u];
    state = select(fma(exp_f(decay), state, added), state + added, decay == 0.0);
  }
  pool[place] = state;
}`,
    workgroups: [Math.ceil(count / 256), 1, 1],
  };
}

/** y[i] = Σ_{j ≤ i} (C[i]·B[j]) exp(decay j … i) dt[j] x[j] + exp(decay … i) h C[i]. */
export function chunkOutputs(sizes: SsdSizes, call: OpCall): Dispatch {
  const { batch, chunks, H, P, Q } = sizes;
  const lines = Math.ceil(Q / ssdTile.side);
  const columns = Math.ceil(P / ssdTile.side);
  const groups = batch * chunks * H * lines * columns;
  return {
    operands: [
      numbers('x', 0),
      numbers('dt', 1),
      numbers('C', 4),
      numbers('slots', 6),
      ssdPart('decays', sizes),
      ssdPart('products', sizes),
      ssdPart('states', sizes),
      { name: 'y', place: { kind: 'output', index: 0 }, view: 'f32', isWritten: true },
    ],
    parameters: [
      ...ssdParameters(sizes, groups),
      ...counts({ lines, columns }),
      ...stepsOf('x', call, 0),
      ...stepsOf('C', call, 4),
    ],
    code: `${tileMemory}
var<workgroup> steps: array<f32, ${mostPositions}>;
var<workgroup> decay_at: array<f32, ${mostPositions}>;
var<workgroup> passed: array<f32, ${mostPositions}>;
// Of the decay from j to i the part up to the end of j's terms, with dt, and the part from there on, by their block.
var<workgroup> to_end: array<f32, ${mostPositions}>;
var<workgroup> from_end: array<f32, ${(mostPositions / ssdTile.depth) * ssdTile.side}>;
${gridMain(ssdTile.size)}
  if (group >= p.groups) { return; }
  let p0 = group % p.columns * ${ssdTile.side}u;
  // Rows with the most terms first.
  let i0 = (p.lines - 1u - group / p.columns % p.lines) * ${ssdTile.side}u;
  let outer = group / p.columns / p.lines;
  let h = outer % p.H;
  let chunk = outer / p.H % p.chunks;
  let b = outer / p.H / p.chunks;
  let map = h * p.G / p.H;
  let t0 = chunk * p.Q;
  let product = (b * p.chunks + chunk) * p.G + map;
  let end = min(p.Q, p.T - t0);
  var step = 0.0;
  var decay = 0.0;
  if (l < end) {
    step = load_dt((b * p.T + t0 + l) * p.H + h);
    decay = decays[outer * p.Q + l];
  }
  steps[l] = step;
  decay_at[l] = decay;
  passed[l] = exp_f(decay);
  workgroupBarrier();
  to_end[l] = exp_f(decay_at[min(l | ${ssdTile.depth - 1}u, end - 1u)] - decay) * step;
  for (var e = l; e < ${(mostPositions / ssdTile.depth) * ssdTile.side}u; e += ${ssdTile.size}u) {
    let i = min(i0 + e % ${ssdTile.side}u, end - 1u);
    let j = e / ${ssdTile.side}u * ${ssdTile.depth}u + ${ssdTile.depth - 1}u;
    if (j < i) { from_end[e] = exp_f(decay_at[i] - decay_at[j]); }
  }
  workgroupBarrier();
  ${tilePlace}
  ${tileZeros}

  // Within the chunk.
  for (var j0 = 0u; j0 < min(i0 + ${ssdTile.side}u, end); j0 += ${ssdTile.depth}u) {
    ${tileLoad(
      'a_tile',
      'terms',
      `let i = i0 + at;
      let j = j0 + term;
      if (i < end && j <= i) {
        // Only among the last terms may the end lie behind i.
        var weight = 0.0;
        if (i >= j0 + ${ssdTile.depth}u) { weight = from_end[j0 / ${ssdTile.depth}u * ${ssdTile.side}u + at] * to_end[j]; }
        else { weight = exp_f(decay_at[i] - decay_at[j]) * steps[j]; }
        value = products[(product * p.Q + i) * p.Q + j] * weight;
      }`,
    )}
    // dt = 0 takes no part, even where x is not finite.
    ${tileLoad('b_tile', 'sides', `if (p0 + at < p.P && steps[j0 + term] != 0.0) { value = ${elementAt('x', ['b', 't0 + j0 + term', 'h', 'p0 + at'])}; }`)}
    ${tileProducts}
  }

  // From the state before it.
  for (var n0 = 0u; n0 < p.N; n0 += ${ssdTile.depth}u) {
    ${tileLoad('a_tile', 'terms', `if (i0 + at < end && n0 + term < p.N) { value = passed[i0 + at] * ${elementAt('C', ['b', 't0 + i0 + at', 'map', 'n0 + term'])}; }`)}
    ${tileLoad('b_tile', 'terms', 'if (n0 + term < p.N && p0 + at < p.P) { value = states[(outer * p.P + p0 + at) * p.N + n0 + term]; }')}
    ${tileProducts}
  }

  let is_active = bitcast<u32>(load_slots(b)) < p.S;
  ${tileEnd('if (i0 + row < end && p0 + column < p.P) { y[((b * p.T + t0 + i0 + row) * p.H + h) * p.P + p0 + column] = select(0.0, total, is_active); }')}
}`,
    workgroups: [groups, 1, 1],
  };
}
