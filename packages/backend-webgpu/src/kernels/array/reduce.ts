import { type DType, elementCount, type OpName, type ProgramCall } from '@hybra/spec';
import type { Dispatch, DispatchOperand, WebGpuKernel } from '../../kernel.js';
import { numberType } from '../../wgsl/element.js';
import { mapDispatch } from '../../wgsl/map.js';
import { floats, refusal } from '../accept.js';
import { larger, rowMain, rowSize, workgroupReduction } from '../row-workgroup.js';

/** From this many terms on, a workgroup adds them up together: faster, and a tree rounds less than a chain. */
const togetherFrom = 16;

const accepted: readonly DType[] = [...floats, 'i32'];

/** Σ over any axes, in float32. Takes any strides. */
export const sumKernel: WebGpuKernel = reduceKernel('sum', { f32: '0.0', i32: '0', combine: () => 'a + b' });

/** The largest over any axes; NaN wins. Takes any strides. */
export const maxKernel: WebGpuKernel = reduceKernel('max', {
  f32: '-infinity()',
  i32: 'i32(-2147483648)',
  combine: (type) => (type === 'f32' ? 'larger(a, b)' : 'max(a, b)'),
});

interface Reduction {
  readonly f32: string;
  readonly i32: string;
  readonly combine: (type: 'f32' | 'i32') => string;
}

function reduceKernel(op: OpName, reduction: Reduction): WebGpuKernel {
  return {
    name: `webgpu/${op}`,
    op,
    supports: (call) => refusal(call, [accepted], [accepted]) ?? { supported: true, acceptsStrided: true },
    build: (call) => {
      const { operand, terms } = rowsOf(call);
      const { dtype, shape } = call.outputs[0]!;
      const type = numberType(dtype) as 'f32' | 'i32';
      const helpers = type === 'f32' && op === 'max' ? larger : '';
      const isTogether = terms >= togetherFrom && (dtype === 'f32' || dtype === 'i32');
      const combine = reduction.combine(type);
      if (isTogether) return [together(op, operand, terms, elementCount(shape), type, reduction, helpers)];
      return [
        mapDispatch({
          operands: [operand],
          output: { index: 0, dtype, count: elementCount(shape) },
          parameters: [{ name: 'terms', type: 'u32', value: terms }],
          code: `${helpers}
fn element(i: u32) -> ${type} {
  var a = ${reduction[type]};
  for (var j = 0u; j < p.terms; j++) { let b = load_x(i * p.terms + j); a = ${combine}; }
  return a;
}`,
        }),
      ];
    },
  };
}

function together(
  op: string,
  operand: DispatchOperand,
  terms: number,
  rows: number,
  type: 'f32' | 'i32',
  reduction: Reduction,
  helpers: string,
): Dispatch {
  const combine = reduction.combine(type);
  return {
    operands: [operand, { name: 'y', place: { kind: 'output', index: 0 }, view: type, isWritten: true }],
    parameters: [
      { name: 'terms', type: 'u32', value: terms },
      { name: 'rows', type: 'u32', value: rows },
    ],
    code: `${helpers}${workgroupReduction(`${op}_all`, type, combine)}
${rowMain}
  var a = ${reduction[type]};
  for (var j = l; j < p.terms; j += ${rowSize}u) { let b = load_x(row * p.terms + j); a = ${combine}; }
  let result = ${op}_all(a, l);
  if (l == 0u) { y[row] = result; }
}`,
    workgroups: [rows, 1, 1],
  };
}

/** The input seen as rows of the terms that are combined: the axes that stay, then the others. */
function rowsOf(call: ProgramCall): { readonly operand: DispatchOperand; readonly terms: number } {
  const { shape, strides } = call.inputs[0]!;
  const reduced = new Set(call.attributes.axes as readonly number[]);
  const axes = [...shape.keys()];
  const order = [...axes.filter((axis) => !reduced.has(axis)), ...axes.filter((axis) => reduced.has(axis))];
  return {
    operand: {
      name: 'x',
      place: { kind: 'input', index: 0 },
      view: 'number',
      window: { shape: order.map((axis) => shape[axis]!), strides: order.map((axis) => strides[axis]!) },
    },
    terms: axes.reduce((count, axis) => (reduced.has(axis) ? count * shape[axis]! : count), 1),
  };
}
