import { allocateBytes } from '../platform/allocate-bytes.js';
import { checkTensorBytes } from './check-tensor-bytes.js';
import { planFile } from './plan-file.js';
import type { TensorToEncode } from './tensor-to-write.js';

/**
 * A safetensors file in memory. Deterministic: the order of `tensors` and of the metadata's keys does not matter.
 * @throws E_ARGUMENT, E_OUT_OF_MEMORY
 * @example
 * const bytes = encodeSafetensors({
 *   tensors: [{ name: 'x', dtype: 'f32', shape: [2], bytes: new Uint8Array(8) }],
 *   metadata: { format: 'pt' },
 * });
 */
export function encodeSafetensors(file: {
  readonly tensors: readonly TensorToEncode[];
  readonly metadata?: Readonly<Record<string, string>>;
}): Uint8Array<ArrayBuffer> {
  const { head, tensors } = planFile(file.tensors, file.metadata ?? {});
  const total = tensors.reduce((sum, { byteLength }) => sum + byteLength, head.byteLength);
  const bytes = allocateBytes(total, 'encoding a safetensors file');
  bytes.set(head);
  let offset = head.byteLength;
  for (const { tensor, byteLength } of tensors) {
    checkTensorBytes(tensor, tensor.bytes.byteLength, byteLength);
    bytes.set(tensor.bytes, offset);
    offset += byteLength;
  }
  return bytes;
}
