import type { ExportedTensor } from '@hybra/models';
import { castElements } from '@hybra/weights';

const floats: readonly string[] = ['f64', 'f32', 'f16', 'bf16'];

/** Tensors on their way to another dtype, and what rounding costs them. */
export interface Rounding {
  /** What a tensor will be. */
  dtypeOf(tensor: ExportedTensor): ExportedTensor['dtype'];
  /** Its bytes as that. */
  bytesOf(tensor: ExportedTensor): Promise<Uint8Array>;
  /** The report, once all are read. */
  note(): string;
}

/** @param dtype of numbers with a fraction; absent: as they are */
export function rounding(dtype: 'f32' | 'f16' | 'bf16' | undefined): Rounding {
  let largest = 0;
  const dtypeOf = (tensor: ExportedTensor): ExportedTensor['dtype'] =>
    dtype !== undefined && floats.includes(tensor.dtype) ? dtype : tensor.dtype;
  return {
    dtypeOf,
    async bytesOf(tensor) {
      const bytes = await tensor.read();
      const target = dtypeOf(tensor);
      if (target === tensor.dtype) return bytes;
      const narrow = castElements(bytes, tensor.dtype, target as 'f32');
      largest = Math.max(largest, relativeChange(numbers(bytes, tensor.dtype), numbers(narrow, target)));
      return narrow;
    },
    note: () =>
      largest === 0
        ? 'every number is as it was, bit by bit'
        : `numbers were rounded, by ${largest.toExponential(2)} of their tensor's largest at most`,
  };
}

function numbers(bytes: Uint8Array, dtype: ExportedTensor['dtype']): Float64Array {
  return new Float64Array(castElements(bytes, dtype, 'f64').slice().buffer);
}

function relativeChange(before: Float64Array, after: Float64Array): number {
  let scale = 0;
  let change = 0;
  for (const [index, value] of before.entries()) {
    scale = Math.max(scale, Math.abs(value));
    change = Math.max(change, Math.abs(value - after[index]!));
  }
  return scale > 0 ? change / scale : 0;
}
