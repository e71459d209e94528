import { isContiguous, type OpCall, type StridedType } from '@hybra/spec';

/** Whether the axes from `axis` on lie side by side, whatever stands before them. */
export function isInnerContiguous({ shape, strides }: StridedType, axis: number): boolean {
  return isContiguous({ shape: shape.slice(axis), strides: strides.slice(axis) });
}

/**
 * Whether a kernel can take the call's inputs as they are: contiguous, or strided in the leading axes only.
 * @param inner for each input that may be strided, the axis from which on it is contiguous
 */
export function takesWindows(call: OpCall, inner: Readonly<Record<number, number>>): boolean {
  return call.inputs.every(
    (input, index) =>
      isContiguous(input) || (inner[index] !== undefined && isInnerContiguous(input, inner[index])),
  );
}
