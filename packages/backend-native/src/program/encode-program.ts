import {
  contiguousStrides,
  dtypes,
  type OpCall,
  type Operand,
  type Program,
  type StridedType,
} from '@hybra/spec';
import { type Rules, ruleOf } from '../kernels/index.js';

/** The rules of a device and the numbers of the addon's kernels by name. */
export interface KernelNumbers {
  readonly rules: Rules;
  readonly numbers: ReadonlyMap<string, number>;
}

/**
 * One call as numbers: op, counts of inputs, outputs and attributes, scratch buffer (−1: none), attributes,
 * operands. Read by `readCall` in `native/core/program.cpp`.
 */
export function encodeCall(call: OpCall, { rules, numbers }: KernelNumbers, scratch = -1): number[] {
  const rule = ruleOf(rules, call.op)!;
  const attributes = rule.attributes?.(call) ?? [];
  const words = [
    numbers.get(rule.kernel?.(call) ?? call.op)!,
    call.inputs.length,
    call.outputs.length,
    attributes.length,
    scratch,
    ...attributes,
  ];
  for (const input of call.inputs) encodeOperand(words, input);
  for (const output of call.outputs) {
    encodeOperand(words, { offset: 0, ...output, strides: contiguousStrides(output.shape) });
  }
  return words;
}

/** A call that has no memory yet has operands without a buffer. */
function encodeOperand(words: number[], operand: StridedType & Partial<Pick<Operand, 'buffer'>>): void {
  const { dtype, shape, strides, offset, buffer = 0 } = operand;
  words.push(dtypes.indexOf(dtype), shape.length, buffer, offset, ...shape, ...strides);
}

/** A program as numbers: its buffers, then its calls. Read by the constructor of `Program` in the addon. */
export function encodeProgram(program: Program, kernels: KernelNumbers): Float64Array {
  const words: number[] = [program.buffers.length];
  for (const { location } of program.buffers) {
    if (location.kind === 'binding') words.push(0, location.index, 0);
    else words.push(1, location.segment, location.byteOffset);
  }
  words.push(program.calls.length);
  for (const call of program.calls) {
    for (const word of encodeCall(call, kernels, call.scratch?.buffer)) words.push(word);
  }
  return Float64Array.from(words);
}
