import { isContiguous, type OpCall, type ProgramCall } from '@hybra/spec';
import type { Dispatch, DispatchOperand, WebGpuKernel } from '../../kernel.js';
import { refusal, unsupported } from '../accept.js';
import { numbers } from '../composite/row-dispatch.js';
import { chunkView, elementsPerChunk, foursOf, type WeightFormat } from '../matmul/gemv-weights.js';
import { counts, gridMain } from '../sequence/pool.js';
import { insideCode, moeInputs, moeSizes, scratchPart } from './moe-sizes.js';

/** Rows times experts of each: with more, experts are better read once for several rows. */
const mostPairs = 32;
/** Invocations, and those that share a column. */
const size = 128;
const lanes = 32;
const columns = size / lanes;

/**
 * A mixture of experts for few rows, as in decoding: only the matrices of chosen experts are read, 16 bytes a load.
 * First what lies between the matrices, for every row and expert of it; then each output element as one sum.
 */
export const moeRowsKernel: WebGpuKernel = {
  name: 'webgpu/moe-rows',
  op: 'moe',
  supports: (call) => {
    const weights = ['f32', 'f16', 'bf16'] as const;
    const refused = refusal(call, [['f32'], ['i32'], ['f32'], weights], [['f32']]);
    if (refused) return refused;
    const { R, D, K, F } = moeSizes(call);
    if (R * K > mostPairs || R * K === 0) return unsupported(`moe-rows: ${R * K} pairs of row and expert`);
    const per = elementsPerChunk(formatOf(call));
    const isFit =
      D % per === 0 &&
      F % per === 0 &&
      call.inputs.every(isContiguous) &&
      call.inputs[moeInputs.x]!.offset % 4 === 0 &&
      call.inputs.slice(moeInputs.up).every(({ offset }) => offset % per === 0);
    if (!isFit) return unsupported('moe-rows: rows that no 16 bytes fit');
    return { supported: true, scratchBytes: R * K * F * 4 };
  },
  build: (call) => [hidden(call), combined(call)],
};

function formatOf(call: OpCall): Extract<WeightFormat, { kind: 'dense' }> {
  return { kind: 'dense', dtype: call.inputs[moeInputs.up]!.dtype as 'f32' | 'f16' | 'bf16' };
}

function chunks(name: 'x' | 'up' | 'down' | 'gate', view: DispatchOperand['view']): DispatchOperand {
  return { name, place: { kind: 'input', index: moeInputs[name] }, view };
}

/** `sum += …` of a chunk of a weight and the fours of x that it meets. */
function products(format: WeightFormat, weight: string, at: string, x: string): string {
  const fours = elementsPerChunk(format) / 4;
  return `{ let chunk = ${weight}[${at}]; ${foursOf(format, 'chunk', '')
    .map((four, j) => `sum += dot(${four}, ${x}[x_at + c * ${fours}u + ${j}u]);`)
    .join(' ')} }`;
}

/** `fn shared(sum: f32, l: u32) -> f32`: the sum of the lanes of a column, for the first of them. */
const sharedCode = `
var<workgroup> parts: array<f32, ${size}>;
fn shared_sum(sum: f32, l: u32) -> f32 {
  workgroupBarrier();
  parts[l] = sum;
  workgroupBarrier();
  for (var half = ${lanes / 2}u; half > 0u; half >>= 1u) {
    if (l % ${lanes}u < half) { parts[l] += parts[l + half]; }
    workgroupBarrier();
  }
  return parts[l];
}`;

function hidden(call: ProgramCall): Dispatch {
  const { R, D, K, E, F } = moeSizes(call);
  const format = formatOf(call);
  const per = elementsPerChunk(format);
  const blocks = Math.ceil(F / columns);
  const isGated = call.inputs.length > moeInputs.gate;
  const column = (weight: 'up' | 'gate'): string => `{
    var sum = 0.0;
    if (id < p.E && f < p.F) {
      let first = (at_${weight}(0u) + (id * p.F + f) * p.D) / ${per}u;
      for (var c = lane; c < p.D / ${per}u; c += ${lanes}u) { ${products(format, weight, 'first + c', 'x')} }
    }
    ${weight}_sum = shared_sum(sum, l);
  }`;
  return {
    operands: [
      chunks('x', 'vec4<f32>'),
      numbers('ids', moeInputs.ids),
      chunks('up', chunkView(format)),
      ...(isGated ? [chunks('gate', chunkView(format))] : []),
      scratchPart('h', 0, R * K * F * 4, 'f32'),
    ],
    parameters: counts({ R, D, K, E, F, blocks, groups: R * K * blocks }),
    code: `${insideCode(call)}${sharedCode}
${gridMain(size)}
  if (group >= p.groups) { return; }
  let pair = group / p.blocks;
  let f = group % p.blocks * ${columns}u + l / ${lanes}u;
  let lane = l % ${lanes}u;
  let id = bitcast<u32>(load_ids(pair));
  let x_at = (at_x(0u) + pair / p.K * p.D) / 4u;
  var up_sum = 0.0;
  var gate_sum = 0.0;
  ${column('up')}
  ${isGated ? column('gate') : ''}
  if (lane == 0u && f < p.F) { h[pair * p.F + f] = inside(up_sum, gate_sum); }
}`,
    workgroups: [R * K * blocks, 1, 1],
  };
}

function combined(call: ProgramCall): Dispatch {
  const { R, D, K, E, F } = moeSizes(call);
  const format = formatOf(call);
  const per = elementsPerChunk(format);
  const blocks = Math.ceil(D / columns);
  return {
    operands: [
      numbers('ids', moeInputs.ids),
      numbers('weights', moeInputs.weights),
      chunks('down', chunkView(format)),
      scratchPart('h', 0, R * K * F * 4, 'vec4<f32>'),
      { name: 'y', place: { kind: 'output', index: 0 }, view: 'f32', isWritten: true },
    ],
    parameters: counts({ R, D, K, E, F, blocks, groups: R * blocks }),
    code: `${sharedCode}
${gridMain(size)}
  if (group >= p.groups) { return; }
  let row = group / p.blocks;
  let d = group % p.blocks * ${columns}u + l / ${lanes}u;
  let lane = l % ${lanes}u;
  var total = 0.0;
  for (var k = 0u; k < p.K; k++) {
    let id = bitcast<u32>(load_ids(row * p.K + k));
    if (id >= p.E || d >= p.D) { continue; }
    let first = (at_down(0u) + (id * p.D + d) * p.F) / ${per}u;
    let x_at = (row * p.K + k) * p.F / 4u;
    var sum = 0.0;
    for (var c = lane; c < p.F / ${per}u; c += ${lanes}u) { ${products(format, 'down', 'first + c', 'h')} }
    total = fma(load_weights(row * p.K + k), sum, total);
  }
  let all = shared_sum(total, l);
  if (lane == 0u && d < p.D) { y[row * p.D + d] = all; }
}`,
    workgroups: [R * blocks, 1, 1],
  };
}
