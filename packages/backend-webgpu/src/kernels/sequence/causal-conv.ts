import { elementCount, isHalf, type OpCall, type ProgramCall } from '@hybra/spec';
import type { Dispatch, WebGpuKernel } from '../../kernel.js';
import { elementsPerWord, encodeExpression } from '../../wgsl/element.js';
import { mapDispatch } from '../../wgsl/map.js';
import { floats, refusal, unsupported } from '../accept.js';
import { copiesInput } from '../array/write-rows.js';
import { numbers } from '../composite/row-dispatch.js';
import { counts, gridMain } from './pool.js';
import { stepsOf } from './ssd-tile.js';

const tails = 3;

/**
 * Depthwise causal convolution whose past is a tail of K − 1 inputs kept in a pool. Tails are updated in place,
 * by one invocation per channel (per pair of 16-bit channels): it shifts them from the oldest on.
 */
export const causalConv1dKernel: WebGpuKernel = {
  name: 'webgpu/causal-conv',
  op: 'causalConv1d',
  supports: (call) => {
    const refused = refusal(call, [floats, floats, floats, floats, ['i32']], [floats]);
    if (refused) return refused;
    const channels = call.inputs[0]!.shape[2]!;
    if (isHalf(call.inputs[tails]!.dtype) && channels % 2 !== 0) {
      return unsupported('causalConv1d: 16-bit tails of an odd number of channels');
    }
    return { supported: true, acceptsStrided: true, inPlace: [[1, tails]] };
  },
  build: (call, context) => {
    const poolCopy = context.isInPlace(1, tails) ? [] : copiesInput(call, tails, 1);
    if (isSingleStep(call)) return [...poolCopy, singleStep(call)];
    const shift = call.inputs[1]!.shape[1]! > 1 ? [shiftTails(call)] : [];
    const isWide = !isHalf(call.outputs[0]!.dtype);
    return [isWide ? slidingConvolution(call) : convolution(call), ...poolCopy, ...shift];
  },
};

const sizes = (call: OpCall): Dispatch['parameters'] => {
  const [B, T, C] = call.inputs[0]!.shape as [number, number, number];
  const S = call.inputs[tails]!.shape[0]!;
  return Object.entries({ B, T, C, S }).map(([name, value]) => ({ name, type: 'u32', value }));
};

/** Whether outputs are of 32 bits and there is one position: then one dispatch does both. */
function isSingleStep(call: OpCall): boolean {
  return call.inputs[0]!.shape[1] === 1 && call.outputs.every(({ dtype }) => !isHalf(dtype));
}

/** One position per row, as in decoding: each invocation has a channel's tail in registers. */
function singleStep(call: ProgramCall): Dispatch {
  const [B, , C] = call.inputs[0]!.shape as [number, number, number];
  const taps = call.inputs[1]!.shape[1]!;
  const rows = taps - 1;
  return {
    operands: [
      numbers('x', 0),
      numbers('weight', 1),
      numbers('bias', 2),
      numbers('slots', 4),
      numbers('lengths', 5),
      { name: 'y', place: { kind: 'output', index: 0 }, view: 'f32', isWritten: true },
      { name: 'pool', place: { kind: 'output', index: 1 }, view: 'f32', isWritten: true },
    ],
    parameters: [...sizes(call), { name: 'count', type: 'u32', value: B * C }],
    code: `@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(num_workgroups) n: vec3<u32>,
        @builtin(local_invocation_index) l: u32) {
  let id = (g.y * n.x + g.x) * 64u + l;
  if (id >= p.count) { return; }
  let c = id % p.C;
  let b = id / p.C;
  let slot = bitcast<u32>(load_slots(b));
  if (slot >= p.S) { y[id] = 0.0; return; }
  let is_valid = load_lengths(b) > 0;
  let first = slot * ${rows}u * p.C + c;
  var total = load_bias(c);
  for (var k = 0u; k < ${rows}u; k++) {
    let x = pool[first + k * p.C];
    total = fma(load_weight(c * ${taps}u + k), x, total);
    if (k > 0u && is_valid) { pool[first + (k - 1u) * p.C] = x; }
  }
  let x = load_x(id);
  total = fma(load_weight(c * ${taps}u + ${rows}u), x, total);
  ${rows > 0 ? `if (is_valid) { pool[first + ${rows - 1}u * p.C] = x; }` : ''}
  y[id] = ${call.attributes.activation === 'silu' ? 'silu_f(total)' : 'total'};
}`,
    workgroups: [Math.ceil((B * C) / 64), 1, 1],
  };
}

/** Positions that an invocation goes through, with the last inputs in registers. */
const run = 8;

function slidingConvolution(call: ProgramCall): Dispatch {
  const [B, T, C] = call.inputs[0]!.shape as [number, number, number];
  const taps = call.inputs[1]!.shape[1]!;
  const past = Array.from({ length: taps - 1 }, (_, k) => k);
  const runs = Math.ceil(T / run);
  const count = B * runs * C;
  const xAt = (t: string): string => `get_x(p.x_offset + b * p.x0 + (${t}) * p.x1 + c * p.x2)`;
  return {
    operands: [
      numbers('x', 0),
      numbers('weight', 1),
      numbers('bias', 2),
      numbers('tails', tails),
      numbers('slots', 4),
      { name: 'y', place: { kind: 'output', index: 0 }, view: 'f32', isWritten: true },
    ],
    parameters: [...sizes(call), ...counts({ runs, count }), ...stepsOf('x', call, 0)],
    code: `${gridMain(256)}
  let id = group * 256u + l;
  if (id >= p.count) { return; }
  let c = id % p.C;
  let first = id / p.C % p.runs * ${run}u;
  let b = id / p.C / p.runs;
  let last = min(first + ${run}u, p.T);
  let slot = bitcast<u32>(load_slots(b));
  if (slot >= p.S) {
    for (var t = first; t < last; t++) { y[(b * p.T + t) * p.C + c] = 0.0; }
    return;
  }
  let bias = load_bias(c);
  ${[...past, taps - 1].map((k) => `let w${k} = load_weight(c * ${taps}u + ${k}u);`).join(' ')}
  ${past
    .map(
      (k) => `var past${k} = 0.0;
  if (first + ${k}u >= ${taps - 1}u) { past${k} = ${xAt(`first + ${k}u - ${taps - 1}u`)}; }
  else { past${k} = load_tails((slot * ${taps - 1}u + first + ${k}u) * p.C + c); }`,
    )
    .join('\n  ')}
  for (var t = first; t < last; t++) {
    let x = ${xAt('t')};
    var total = bias;
    ${past.map((k) => `total = fma(w${k}, past${k}, total);`).join(' ')}
    total = fma(w${taps - 1}, x, total);
    y[(b * p.T + t) * p.C + c] = ${call.attributes.activation === 'silu' ? 'silu_f(total)' : 'total'};
    ${past.map((k) => `past${k} = ${k === taps - 2 ? 'x' : `past${k + 1}`};`).join(' ')}
  }
}`,
    workgroups: [Math.ceil(count / 256), 1, 1],
  };
}

function convolution(call: ProgramCall): Dispatch {
  const { dtype, shape } = call.outputs[0]!;
  const taps = call.inputs[1]!.shape[1]!;
  return mapDispatch({
    operands: [
      numbers('x', 0),
      numbers('weight', 1),
      numbers('bias', 2),
      numbers('tails', tails),
      numbers('slots', 4),
    ],
    output: { index: 0, dtype, count: elementCount(shape) },
    parameters: sizes(call),
    code: `fn element(i: u32) -> f32 {
  let c = i % p.C;
  let t = i / p.C % p.T;
  let b = i / p.C / p.T;
  let slot = bitcast<u32>(load_slots(b));
  if (slot >= p.S) { return 0.0; }
  var total = load_bias(c);
  for (var k = 0u; k < ${taps}u; k++) {
    var x = 0.0;
    if (t + k >= ${taps - 1}u) { x = load_x(i - (${taps - 1}u - k) * p.C); }
    else { x = load_tails((slot * ${taps - 1}u + t + k) * p.C + c); }
    total = fma(load_weight(c * ${taps}u + k), x, total);
  }
  return ${call.attributes.activation === 'silu' ? 'silu_f(total)' : 'total'};
}`,
  });
}

/** Row i of the new tail is what lies `length + i` rows behind the beginning of the old tail. */
function shiftTails(call: ProgramCall): Dispatch {
  const [B, , C] = call.inputs[0]!.shape as [number, number, number];
  const { dtype } = call.outputs[1]!;
  const rows = call.inputs[1]!.shape[1]! - 1;
  const perWord = elementsPerWord(dtype);
  const count = (B * C) / perWord;
  const value = (c: string): string =>
    `select(load_tails((slot * ${rows}u + min(from_row, ${rows - 1}u)) * p.C + ${c}), load_x((b * p.T + max(from_row, ${rows}u) - ${rows}u) * p.C + ${c}), from_row >= ${rows}u)`;
  const store =
    perWord === 1
      ? `pool[at] = ${value('c')};`
      : `pool[at / 2u] = ${encodeExpression(dtype, value('c'))} | (${encodeExpression(dtype, value('c + 1u'))} << 16u);`;
  return {
    operands: [
      numbers('x', 0),
      numbers('tails', tails),
      numbers('slots', 4),
      numbers('lengths', 5),
      {
        name: 'pool',
        place: { kind: 'output', index: 1 },
        view: perWord === 1 ? 'f32' : 'u32',
        isWritten: true,
      },
    ],
    parameters: [...sizes(call), { name: 'count', type: 'u32', value: count }],
    code: `@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(num_workgroups) n: vec3<u32>,
        @builtin(local_invocation_index) l: u32) {
  let id = (g.y * n.x + g.x) * 64u + l;
  if (id >= p.count) { return; }
  let c = id * ${perWord}u % p.C;
  let b = id * ${perWord}u / p.C;
  let slot = bitcast<u32>(load_slots(b));
  if (slot >= p.S) { return; }
  let length = u32(clamp(load_lengths(b), 0, i32(p.T)));
  for (var i = 0u; i < ${rows}u; i++) {
    let from_row = length + i;
    let at = (slot * ${rows}u + i) * p.C + c;
    ${store}
  }
}`,
    workgroups: [Math.ceil(count / 64), 1, 1],
  };
}
