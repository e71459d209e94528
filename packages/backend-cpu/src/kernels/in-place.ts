import { isContiguous, type OpCall } from '@hybra/spec';

/**
 * The pairs `[0, input]` for an elementwise call: those inputs whose elements lie exactly as the output's
 * do. An expanded or transposed input would be overwritten before it is read again.
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
