import { byteSize, type DType, elementCount, type ProgramCall } from '@hybra/spec';
import type { BuildContext, Dispatch, WebGpuKernel } from '../../kernel.js';
import { storedDTypes } from '../../kernel.js';
import { elementsPerWord, numberType } from '../../wgsl/element.js';
import { mapDispatch } from '../../wgsl/map.js';
import { refusal } from '../accept.js';

const grid = `@builtin(workgroup_id) g: vec3<u32>, @builtin(num_workgroups) n: vec3<u32>,
        @builtin(local_invocation_index) l: u32`;

/** target with rows[i] at indices[i]. In place only the rows are written. Rows may have any strides. */
export const writeRowsKernel: WebGpuKernel = {
  name: 'webgpu/write-rows',
  op: 'writeRows',
  supports: (call) =>
    refusal(call, [storedDTypes, ['i32'], storedDTypes]) ?? {
      supported: true,
      acceptsStrided: true,
      inPlace: [[0, 0]],
    },
  build: (call, context) => {
    const { dtype, shape } = call.outputs[0]!;
    const width = elementCount(shape.slice(1));
    const perWord = elementsPerWord(dtype);
    const isWhole = width % perWord === 0;
    const perRow = isWhole ? width / perWord : width;
    const bits = 8 * byteSize(dtype);
    const whole = `var word = 0u;
  for (var e = 0u; e < ${perWord}u; e++) { word |= load_rows((i * p.width + c) * ${perWord}u + e) << (e * ${bits & 31}u); }
  y[row * p.width + c] = word;`;
    // Two rows may share a word: each changes its own bits of it.
    const shared = `let at = row * p.width + c;
  let shift = at % ${perWord}u * ${bits}u;
  atomicAnd(&y[at / ${perWord}u], ~(${2 ** Math.min(bits, 16) - 1}u << shift));
  atomicOr(&y[at / ${perWord}u], load_rows(i * p.width + c) << shift);`;
    return [
      ...unchanged(call, context),
      {
        operands: [
          { name: 'indices', place: { kind: 'input', index: 1 }, view: 'number' },
          { name: 'rows', place: { kind: 'input', index: 2 }, view: 'bits' },
          {
            name: 'y',
            place: { kind: 'output', index: 0 },
            view: isWhole ? 'u32' : 'atomic<u32>',
            isWritten: true,
          },
        ],
        parameters: [
          { name: 'count', type: 'u32', value: call.inputs[1]!.shape[0]! * perRow },
          { name: 'width', type: 'u32', value: perRow },
          { name: 'height', type: 'u32', value: shape[0]! },
        ],
        code: `@compute @workgroup_size(256)
fn main(${grid}) {
  let id = (g.y * n.x + g.x) * 256u + l;
  if (id >= p.count) { return; }
  let i = id / p.width;
  let c = id % p.width;
  let row = bitcast<u32>(load_indices(i));
  if (row >= p.height) { return; }
  ${isWhole ? whole : shared}
}`,
        workgroups: [Math.ceil((call.inputs[1]!.shape[0]! * perRow) / 256), 1, 1],
      },
    ];
  },
};

const summed: readonly DType[] = ['f32', 'i32'];

/**
 * target with rows[i] added at indices[i], in order: for each index that occurs, the invocations of its first
 * occurrence add up all rows that name it. No atomics, so that runs agree to the bit.
 */
export const scatterAddRowsKernel: WebGpuKernel = {
  name: 'webgpu/scatter-add-rows',
  op: 'scatterAddRows',
  supports: (call) =>
    refusal(call, [summed, ['i32'], summed]) ?? {
      supported: true,
      acceptsStrided: true,
      inPlace: [[0, 0]],
    },
  build: (call, context) => {
    const { dtype, shape } = call.outputs[0]!;
    const width = elementCount(shape.slice(1));
    const rows = call.inputs[1]!.shape[0]!;
    return [
      ...unchanged(call, context),
      {
        operands: [
          { name: 'indices', place: { kind: 'input', index: 1 }, view: 'number' },
          { name: 'rows', place: { kind: 'input', index: 2 }, view: 'number' },
          {
            name: 'y',
            place: { kind: 'output', index: 0 },
            view: numberType(dtype) as 'f32' | 'i32',
            isWritten: true,
          },
        ],
        parameters: [
          { name: 'row_count', type: 'u32', value: rows },
          { name: 'width', type: 'u32', value: width },
          { name: 'height', type: 'u32', value: shape[0]! },
        ],
        code: `@compute @workgroup_size(256)
fn main(${grid}) {
  let id = (g.y * n.x + g.x) * 256u + l;
  if (id >= p.row_count * p.width) { return; }
  let i = id / p.width;
  let c = id % p.width;
  let row = load_indices(i);
  if (bitcast<u32>(row) >= p.height) { return; }
  for (var j = 0u; j < i; j++) { if (load_indices(j) == row) { return; } }
  let at = bitcast<u32>(row) * p.width + c;
  var total = y[at];
  for (var j = i; j < p.row_count; j++) {
    if (load_indices(j) == row) { total += load_rows(j * p.width + c); }
  }
  y[at] = total;
}`,
        workgroups: [Math.ceil((rows * width) / 256), 1, 1],
      },
    ];
  },
};

/** The copy of input 0 to output 0, unless they are one. */
function unchanged(call: ProgramCall, context: BuildContext): Dispatch[] {
  if (context.isInPlace(0, 0)) return [];
  return copiesInput(call, 0, 0);
}

/** A copy of an input of a call to one of its outputs, of the same type. */
export function copiesInput(call: ProgramCall, input: number, output: number): Dispatch[] {
  const { dtype, shape } = call.outputs[output]!;
  return [
    mapDispatch({
      operands: [{ name: 'x', place: { kind: 'input', index: input }, view: 'bits' }],
      output: { index: output, dtype, count: elementCount(shape) },
      gives: 'bits',
      code: 'fn element(i: u32) -> u32 { return load_x(i); }',
    }),
  ];
}
