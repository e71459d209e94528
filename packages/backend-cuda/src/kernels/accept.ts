import { type DType, elementCount, formatType, isContiguous, type OpCall } from '@hybra/spec';
import type { CudaSupport } from '../kernel.js';

/** The floats that kernels compute with: widened to float32, rounded once. */
export const floats: readonly DType[] = ['f32', 'f16', 'bf16'];

/** The answer "no", with its reason. */
export function unsupported(reason: string): CudaSupport {
  return { supported: false, reason };
}

/** Elements from which on an operand is too large for kernels that count in 32 bits. */
const manyElements = 2 ** 31;

/** The same for kernels that count in 64 bits where it matters: caches of many long sequences are that large. */
export const anyElements: number = 2 ** 53;

/**
 * Why an input or output is of another dtype than these, or too large, or `undefined`. One list for each input, the
 * last for the rest.
 */
export function refusal(
  call: OpCall,
  inputs: readonly (readonly DType[])[],
  outputs?: readonly DType[],
  most: number = manyElements,
): CudaSupport | undefined {
  for (const [index, type] of call.inputs.entries()) {
    const accepted = inputs[Math.min(index, inputs.length - 1)] ?? [];
    if (!accepted.includes(type.dtype)) {
      return unsupported(`${call.op}: no kernel for input ${index} of ${formatType(type)}`);
    }
  }
  for (const [index, type] of call.outputs.entries()) {
    if (outputs && !outputs.includes(type.dtype)) {
      return unsupported(`${call.op}: no kernel for output ${index} of ${formatType(type)}`);
    }
  }
  const large = [...call.inputs, ...call.outputs].find((type) => elementCount(type.shape) >= most);
  return large && unsupported(`${call.op}: ${formatType(large)} has ${most} elements or more`);
}

/** The pairs `[0, input]` of an elementwise call whose elements lie exactly as the output's do. */
export function elementwiseInPlace(
  call: OpCall,
  candidates: readonly number[],
): readonly (readonly [output: number, input: number])[] {
  const { dtype } = call.outputs[0]!;
  return candidates
    .filter((index) => call.inputs[index]!.dtype === dtype && isContiguous(call.inputs[index]!))
    .map((index) => [0, index] as const);
}

/** Whether every operand is float32. */
export function isAllF32(types: readonly { readonly dtype: DType }[]): boolean {
  return types.every(({ dtype }) => dtype === 'f32');
}
