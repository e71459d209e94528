import { type DType, formatType, isContiguous, type OpCall } from '@hybra/spec';
import type { WebGpuSupport } from '../kernel.js';

/** Floats that are stored; all are computed on in float32. */
export const floats: readonly DType[] = ['f32', 'f16', 'bf16'];

/** The answer "no", with its reason. */
export function unsupported(reason: string): WebGpuSupport {
  return { supported: false, reason };
}

/**
 * Why the call's operands are not of these dtypes, or `undefined` if they are. The last entry of each list
 * holds for all further operands.
 */
export function refusal(
  call: OpCall,
  inputs: readonly (readonly DType[])[],
  outputs?: readonly (readonly DType[])[],
): WebGpuSupport | undefined {
  for (const [index, type] of call.inputs.entries()) {
    const accepted = inputs[Math.min(index, inputs.length - 1)];
    if (accepted && !accepted.includes(type.dtype)) {
      return unsupported(`${call.op}: no shader for ${formatType(type)} as input ${index}`);
    }
  }
  for (const [index, type] of call.outputs.entries()) {
    const accepted = outputs?.[Math.min(index, outputs.length - 1)];
    if (accepted && !accepted.includes(type.dtype)) {
      return unsupported(`${call.op}: no shader for ${formatType(type)} as output ${index}`);
    }
  }
  return undefined;
}

/**
 * The pairs `[0, input]` for a call that reads each element where it writes it: inputs whose elements lie
 * exactly as the output's do.
 */
export function elementwiseInPlace(
  call: OpCall,
  candidates: readonly number[],
): readonly (readonly [output: number, input: number])[] {
  const { dtype } = call.outputs[0]!;
  return candidates
    .filter((index) => call.inputs[index]!.dtype === dtype && isContiguous(call.inputs[index]!))
    .map((index) => [0, index] as const);
}
