import { elementCount, isContiguous, isHalf, type OpCall, type ProgramCall } from '@hybra/spec';
import type { Dispatch, DispatchOperand, Parameter, WebGpuSupport } from '../../kernel.js';
import { encodeExpression } from '../../wgsl/element.js';
import { floats, refusal, unsupported } from '../accept.js';
import { rowMain, rowSize } from '../row-workgroup.js';

/** What a kernel that works on rows consists of. */
export interface RowPlan {
  readonly call: ProgramCall;
  /** Elements of a row. */
  readonly width: number;
  readonly operands: readonly DispatchOperand[];
  readonly parameters?: readonly Parameter[];
  /** WGSL functions. */
  readonly helpers: string;
  /** Statements that prepare a row: `row`, `l`, `p.width` and `first` (the row's first element) are there. */
  readonly statistics: string;
  /** The element at column `c` of the output. */
  readonly value: string;
}

/**
 * The answer of a kernel that works on rows: 16-bit rows must have an even width, so that no word belongs to
 * two workgroups.
 */
export function rowSupport(
  call: OpCall,
  width: number,
  inPlace: readonly (readonly [number, number])[],
): WebGpuSupport {
  const refused = refusal(call, [floats], [floats]);
  if (refused) return refused;
  if (isHalf(call.outputs[0]!.dtype) && width % 2 !== 0) {
    return unsupported(`${call.op}: 16-bit rows of an odd width, ${width}`);
  }
  const isWhole = isContiguous(call.inputs[0]!);
  return { supported: true, acceptsStrided: true, ...(isWhole && { inPlace }) };
}

/** A workgroup per row: statistics first, then each element. */
export function rowDispatch(plan: RowPlan): Dispatch {
  const { dtype, shape } = plan.call.outputs[0]!;
  const rows = plan.width === 0 ? 0 : elementCount(shape) / plan.width;
  const store = isHalf(dtype)
    ? `for (var pair = l; pair * 2u < p.width; pair += ${rowSize}u) {
    var word = 0u;
    for (var e = 0u; e < 2u; e++) {
      let c = pair * 2u + e;
      word |= ${encodeExpression(dtype, `(${plan.value})`)} << (e * 16u);
    }
    y[first / 2u + pair] = word;
  }`
    : `for (var c = l; c < p.width; c += ${rowSize}u) { y[first + c] = ${plan.value}; }`;
  return {
    operands: [
      ...plan.operands,
      {
        name: 'y',
        place: { kind: 'output', index: 0 },
        view: isHalf(dtype) ? 'u32' : 'f32',
        isWritten: true,
      },
    ],
    parameters: [
      { name: 'rows', type: 'u32', value: rows },
      { name: 'width', type: 'u32', value: plan.width },
      ...(plan.parameters ?? []),
    ],
    code: `${plan.helpers}
${rowMain}
  let first = row * p.width;
  ${plan.statistics}
  // In place: nobody writes before all have read.
  storageBarrier();
  ${store}
}`,
    workgroups: [rows, 1, 1],
  };
}

/** An input as numbers. */
export function numbers(name: string, index: number): DispatchOperand {
  return { name, place: { kind: 'input', index }, view: 'number' };
}

/** A loop over the columns that an invocation reads. */
export function overColumns(statement: string): string {
  return `for (var c = l; c < p.width; c += ${rowSize}u) { ${statement} }`;
}
