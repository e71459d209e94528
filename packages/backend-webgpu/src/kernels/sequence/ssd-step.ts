import type { Dispatch, WebGpuKernel } from '../../kernel.js';
import { numbers } from '../composite/row-dispatch.js';
import { counts, gridMain, poolCopy, scanSupport, states } from './pool.js';

/** Lanes that share a row of a state, and rows per workgroup. */
const lanes = 32;
const rows = 8;

/**
 * One step of Mamba-2 (Dao & Gu 2024, §6): h ← exp(dt·A) h + dt·x ⊗ B; y = h C. Lanes walk along a state's
 * row side by side, so that the pool, which is all the traffic, is read and written in whole lines.
 */
export const ssdStepKernel: WebGpuKernel = {
  name: 'webgpu/ssd-step',
  op: 'ssdStep',
  supports: (call) => scanSupport(call),
  build: (call, context) => {
    const [batch, H, P] = call.inputs[0]!.shape as [number, number, number];
    const [, G, N] = call.inputs[3]!.shape as [number, number, number];
    const blocks = Math.ceil(P / rows);
    const groups = batch * H * blocks;
    const step: Dispatch = {
      operands: [
        numbers('x', 0),
        numbers('dt', 1),
        numbers('A', 2),
        numbers('B', 3),
        numbers('C', 4),
        numbers('slots', 6),
        { name: 'y', place: { kind: 'output', index: 0 }, view: 'f32', isWritten: true },
        { name: 'pool', place: { kind: 'output', index: 1 }, view: 'f32', isWritten: true },
      ],
      parameters: counts({ H, P, G, N, blocks, groups, S: call.inputs[states]!.shape[0]! }),
      code: `
var<workgroup> parts: array<f32, ${rows * lanes}>;
${gridMain(rows * lanes)}
  if (group >= p.groups) { return; }
  let lane = l % ${lanes}u;
  let row = group % p.blocks * ${rows}u + l / ${lanes}u;
  let h = group / p.blocks % p.H;
  let b = group / p.blocks / p.H;
  let slot = bitcast<u32>(load_slots(b));
  let is_active = slot < p.S && row < p.P;
  var total = 0.0;
  if (is_active) {
    let dt = load_dt(b * p.H + h);
    let decay = exp_f(dt * load_A(h));
    let input = dt * load_x((b * p.H + h) * p.P + row);
    let map = (b * p.G + h * p.G / p.H) * p.N;
    let at = ((slot * p.H + h) * p.P + row) * p.N;
    for (var k = lane; k < p.N; k += ${lanes}u) {
      var value = pool[at + k];
      // dt = 0 leaves the state as it is, even where x is not finite.
      if (dt != 0.0) {
        value = fma(decay, value, input * load_B(map + k));
        pool[at + k] = value;
      }
      total = fma(load_C(map + k), value, total);
    }
  }
  parts[l] = total;
  workgroupBarrier();
  for (var half = ${lanes / 2}u; half > 0u; half >>= 1u) {
    if (lane < half) { parts[l] += parts[l + half]; }
    workgroupBarrier();
  }
  if (lane == 0u && row < p.P) { y[(b * p.H + h) * p.P + row] = parts[l]; }
}`,
      workgroups: [groups, 1, 1],
    };
    return [...poolCopy(call, context), step];
  },
};
