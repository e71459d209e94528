import type { OpCall, ProgramCall } from '@hybra/spec';
import type { Dispatch, WebGpuKernel } from '../../kernel.js';
import { floats, refusal, unsupported } from '../accept.js';
import { copiesInput } from '../array/write-rows.js';
import { numbers } from '../composite/row-dispatch.js';
import { counts, gridMain } from './pool.js';

/** Index of the state pool among the inputs. */
const states = 5;
/** More positions are faster in chunks, as the op is decomposed. */
const mostPositions = 16;
/** Columns of a state per workgroup, and invocations that share one. */
const columns = 32;
const shares = 4;
const size = columns * shares;
/** Rows of a state of which an invocation has its share in registers. */
const mostRows = 256;

/**
 * The gated delta rule (Yang et al. 2024, eq. 10) for few positions, as in decoding, one after the other: a
 * workgroup per 32 columns of a head's state, which stays in registers.
 */
export const gatedDeltaStepsKernel: WebGpuKernel = {
  name: 'webgpu/gated-delta-steps',
  op: 'gatedDelta',
  supports: (call) => {
    const refused = refusal(call, [floats, floats, floats, ['f32'], ['f32'], ['f32'], ['i32']], [['f32']]);
    if (refused) return refused;
    const { T, K } = sizesOf(call);
    if (T > mostPositions)
      return unsupported(`gated-delta-steps: ${T} positions, not at most ${mostPositions}`);
    if (K > mostRows) return unsupported(`gated-delta-steps: keys of ${K} elements`);
    return { supported: true, acceptsStrided: true, inPlace: [[1, states]] };
  },
  build: (call, context) => [
    ...(context.isInPlace(1, states) ? [] : copiesInput(call, states, 1)),
    steps(call),
  ],
};

function sizesOf({ inputs }: OpCall): Readonly<Record<'batch' | 'T' | 'G' | 'K' | 'H' | 'V' | 'S', number>> {
  const [batch, T, G, K] = inputs[0]!.shape as [number, number, number, number];
  const [, , H, V] = inputs[2]!.shape as [number, number, number, number];
  return { batch, T, G, K, H, V, S: inputs[states]!.shape[0]! };
}

function steps(call: ProgramCall): Dispatch {
  const sizes = sizesOf(call);
  const { batch, H, V, K } = sizes;
  const blocks = Math.ceil(V / columns);
  const own = Math.max(Math.ceil(K / shares), 1);
  return {
    operands: [
      numbers('q', 0),
      numbers('k', 1),
      numbers('v', 2),
      numbers('log_decay', 3),
      numbers('beta', 4),
      numbers('slots', 6),
      { name: 'y', place: { kind: 'output', index: 0 }, view: 'f32', isWritten: true },
      { name: 'pool', place: { kind: 'output', index: 1 }, view: 'f32', isWritten: true },
    ],
    parameters: counts({ ...sizes, blocks, groups: batch * H * blocks }),
    code: `
var<workgroup> keys: array<f32, ${own * shares}>;
var<workgroup> queries: array<f32, ${own * shares}>;
var<workgroup> parts: array<f32, ${size}>;
fn shared_sum(part: f32, l: u32) -> f32 {
  workgroupBarrier();
  parts[l] = part;
  workgroupBarrier();
  var total = 0.0;
  for (var i = l % ${columns}u; i < ${size}u; i += ${columns}u) { total += parts[i]; }
  return total;
}
${gridMain(size)}
  if (group >= p.groups) { return; }
  let column = group % p.blocks * ${columns}u + l % ${columns}u;
  let h = group / p.blocks % p.H;
  let b = group / p.blocks / p.H;
  let map = h * p.G / p.H;
  let slot = bitcast<u32>(load_slots(b));
  let has_state = slot < p.S && column < p.V;
  let first = l / ${columns}u * ${own}u;
  let at = (slot * p.H + h) * p.K * p.V + column;
  var s: array<f32, ${own}>;
  for (var i = 0u; i < ${own}u; i++) {
    s[i] = 0.0;
    if (has_state && first + i < p.K) { s[i] = pool[at + (first + i) * p.V]; }
  }
  for (var t = 0u; t < p.T; t++) {
    workgroupBarrier();
    for (var i = l; i < ${own * shares}u; i += ${size}u) {
      keys[i] = 0.0;
      queries[i] = 0.0;
      if (i < p.K) {
        keys[i] = load_k(((b * p.T + t) * p.G + map) * p.K + i);
        queries[i] = load_q(((b * p.T + t) * p.G + map) * p.K + i);
      }
    }
    workgroupBarrier();
    let place = (b * p.T + t) * p.H + h;
    let decay = exp_f(load_log_decay(place));
    let beta = load_beta(place);
    var found = 0.0;
    for (var i = 0u; i < ${own}u; i++) {
      s[i] = select(decay * s[i], 0.0, decay == 0.0);
      found = fma(s[i], keys[first + i], found);
    }
    let all = shared_sum(found, l);
    // β = 0 adds nothing, even where keys and values are not finite.
    if (beta != 0.0 && column < p.V) {
      let change = beta * (load_v(place * p.V + column) - all);
      for (var i = 0u; i < ${own}u; i++) { s[i] = fma(keys[first + i], change, s[i]); }
    }
    var given = 0.0;
    for (var i = 0u; i < ${own}u; i++) { given = fma(s[i], queries[first + i], given); }
    let result = shared_sum(given, l);
    if (l < ${columns}u && column < p.V) { y[place * p.V + column] = select(0.0, result, slot < p.S); }
  }
  if (!has_state) { return; }
  for (var i = 0u; i < ${own}u; i++) {
    if (first + i < p.K) { pool[at + (first + i) * p.V] = s[i]; }
  }
}`,
    workgroups: [batch * H * blocks, 1, 1],
  };
}
