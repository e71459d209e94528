import type { Dispatch } from '../../kernel.js';
import { numbers } from '../composite/row-dispatch.js';
import { counts, gridMain } from './pool.js';
import { type SsdSizes, ssdParameters, ssdPart } from './ssd-sizes.js';

/** decays[b, c, h, q] = Σ dt·A over the chunk's positions up to q. One invocation per head and chunk. */
export function cumulativeDecays(sizes: SsdSizes): Dispatch {
  const { batch, chunks, H } = sizes;
  const count = batch * chunks * H;
  return {
    operands: [numbers('dt', 1), numbers('A', 2), ssdPart('decays', sizes)],
    parameters: ssdParameters(sizes, count),
    code: `${gridMain(64)}
  let id = group * 64u + l;
  if (id >= p.groups) { return; }
  let h = id % p.H;
  let chunk = id / p.H % p.chunks;
  let b = id / p.H / p.chunks;
  let a = load_A(h);
  var total = 0.0;
  for (var q = 0u; q < p.Q; q++) {
    let t = chunk * p.Q + q;
    if (t < p.T) { total += load_dt((b * p.T + t) * p.H + h) * a; }
    decays[id * p.Q + q] = total;
  }
}`,
    workgroups: [Math.ceil(count / 64), 1, 1],
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

/** states[b, c, h, p, n] = Σ exp(decay of the rest of the chunk) · dt · x[p] · B[n], by tiles of 16 × 16. */
export function chunkStates(sizes: SsdSizes): Dispatch {
  const { batch, chunks, H, P, N } = sizes;
  const lines = Math.ceil(P / 16);
  const columns = Math.ceil(N / 16);
  const groups = batch * chunks * H * lines * columns;
  return {
    operands: [
      numbers('x', 0),
      numbers('dt', 1),
      numbers('B', 3),
      ssdPart('decays', sizes),
      ssdPart('states', sizes),
    ],
    parameters: [...ssdParameters(sizes, groups), ...counts({ lines, columns })],
    code: `
var<workgroup> x_tile: array<array<f32, 17>, 16>;
var<workgroup> b_tile: array<array<f32, 17>, 16>;
${gridMain(256)}
  if (group >= p.groups) { return; }
  let n0 = group % p.columns * 16u;
  let p0 = group / p.columns % p.lines * 16u;
  let outer = group / p.columns / p.lines;
  let h = outer % p.H;
  let chunk = outer / p.H % p.chunks;
  let b = outer / p.H / p.chunks;
  let map = h * p.G / p.H;
  let x = l % 16u;
  let y = l / 16u;
  let last = decays[outer * p.Q + p.Q - 1u];
  var total = 0.0;
  for (var q0 = 0u; q0 < p.Q; q0 += 16u) {
    let q = q0 + y;
    let t = chunk * p.Q + q;
    var scale = 0.0;
    var dt = 0.0;
    if (q < p.Q && t < p.T) {
      dt = load_dt((b * p.T + t) * p.H + h);
      scale = exp_f(last - decays[outer * p.Q + q]) * dt;
    }
    x_tile[y][x] = 0.0;
    b_tile[y][x] = 0.0;
    // dt = 0 takes no part, even where x is not finite.
    if (dt != 0.0) {
      if (p0 + x < p.P) { x_tile[y][x] = scale * load_x(((b * p.T + t) * p.H + h) * p.P + p0 + x); }
      if (n0 + x < p.N) { b_tile[y][x] = load_B(((b * p.T + t) * p.G + map) * p.N + n0 + x); }
    }
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) { total = fma(x_tile[k][y], b_tile[k][x], total); }
    workgroupBarrier();
  }
  if (p0 + y < p.P && n0 + x < p.N) { states[(outer * p.P + p0 + y) * p.N + n0 + x] = total; }
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

/**
 * y[i] = Σ_{j ≤ i} (C[i]·B[j]) exp(decay j … i) dt[j] x[j] + exp(decay … i) h C[i], for 16 positions and 64
 * columns of a head per workgroup.
 */
export function chunkOutputs(sizes: SsdSizes): Dispatch {
  const { batch, chunks, H, P, Q } = sizes;
  const lines = Math.ceil(Q / 16);
  const columns = Math.ceil(P / 64);
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
    parameters: [...ssdParameters(sizes, groups), ...counts({ lines, columns })],
    code: `
var<workgroup> weights: array<array<f32, 17>, 16>;
var<workgroup> values: array<array<f32, 65>, 16>;
${gridMain(256)}
  if (group >= p.groups) { return; }
  let p0 = group % p.columns * 64u;
  let line = group / p.columns % p.lines;
  let outer = group / p.columns / p.lines;
  let h = outer % p.H;
  let chunk = outer / p.H % p.chunks;
  let b = outer / p.H / p.chunks;
  let map = h * p.G / p.H;
  let tx = l % 16u;
  let ty = l / 16u;
  let i = line * 16u + ty;
  let t_i = chunk * p.Q + i;
  let is_row = i < p.Q && t_i < p.T;
  let product = (b * p.chunks + chunk) * p.G + map;
  var decay = 0.0;
  if (is_row) { decay = decays[outer * p.Q + i]; }
  var sums = vec4<f32>();

  // Within the chunk.
  for (var j0 = 0u; j0 <= line * 16u; j0 += 16u) {
    let j = j0 + tx;
    var weight = 0.0;
    if (is_row && j <= i) {
      let dt = load_dt((b * p.T + chunk * p.Q + j) * p.H + h);
      weight = products[(product * p.Q + i) * p.Q + j] * exp_f(decay - decays[outer * p.Q + j]) * dt;
    }
    weights[ty][tx] = weight;
    for (var e = l; e < 1024u; e += 256u) {
      let q = j0 + e / 64u;
      let t = chunk * p.Q + q;
      let column = p0 + e % 64u;
      var value = 0.0;
      if (q < p.Q && t < p.T && column < p.P) {
        // dt = 0 takes no part, even where x is not finite.
        if (load_dt((b * p.T + t) * p.H + h) != 0.0) { value = load_x(((b * p.T + t) * p.H + h) * p.P + column); }
      }
      values[e / 64u][e % 64u] = value;
    }
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) {
      let w = weights[ty][k];
      for (var c = 0u; c < 4u; c++) { sums[c] = fma(w, values[k][tx + c * 16u], sums[c]); }
    }
    workgroupBarrier();
  }

  // From the state before it.
  let passed = exp_f(decay);
  for (var n0 = 0u; n0 < p.N; n0 += 16u) {
    var weight = 0.0;
    if (is_row && n0 + tx < p.N) { weight = passed * load_C(((b * p.T + t_i) * p.G + map) * p.N + n0 + tx); }
    weights[ty][tx] = weight;
    for (var e = l; e < 1024u; e += 256u) {
      let k = n0 + e % 16u;
      let column = p0 + e / 16u;
      var value = 0.0;
      if (k < p.N && column < p.P) { value = states[(outer * p.P + column) * p.N + k]; }
      values[e % 16u][e / 16u] = value;
    }
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) {
      let w = weights[ty][k];
      for (var c = 0u; c < 4u; c++) { sums[c] = fma(w, values[k][tx + c * 16u], sums[c]); }
    }
    workgroupBarrier();
  }

  if (!is_row) { return; }
  let is_active = bitcast<u32>(load_slots(b)) < p.S;
  for (var c = 0u; c < 4u; c++) {
    let column = p0 + tx + c * 16u;
    if (column < p.P) { y[((b * p.T + t_i) * p.H + h) * p.P + column] = select(0.0, sums[c], is_active); }
  }
}`,
    workgroups: [groups, 1, 1],
  };
}
