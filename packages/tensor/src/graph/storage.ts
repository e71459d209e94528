import {
  byteSize,
  type Device,
  type DeviceBuffer,
  type DType,
  elementCount,
  formatType,
  type HostArray,
  HybraError,
  hostArray,
  type TensorType,
} from '@hybra/spec';
import { Tensor } from './tensor.js';
import type { Storage, StoredValue } from './value.js';

/** A tensor over device memory that the caller owns. */
export function storedTensor(type: TensorType, storage: Storage): Tensor {
  return new Tensor(
    Object.freeze({
      kind: 'stored',
      dtype: type.dtype,
      shape: Object.isFrozen(type.shape) ? type.shape : Object.freeze([...type.shape]),
      storage,
    }),
  );
}

/** Makes a {@link Storage} around a buffer. */
export function storageOf(device: Device, buffer: DeviceBuffer): Storage {
  return { device, buffer, state: 'live', ready: undefined, reads: undefined };
}

/** A zeroed tensor on `device`, owned by the caller. @throws E_SHAPE, E_OUT_OF_MEMORY */
export function zerosOn(
  device: Device,
  shape: readonly number[],
  dtype: DType = 'f32',
  label?: string,
): Tensor {
  if (!shape.every((extent) => Number.isInteger(extent) && extent >= 0)) {
    throw new HybraError('E_SHAPE', `[${shape.join(', ')}] is no shape: extents are whole numbers from 0.`, {
      shape,
    });
  }
  const buffer = device.allocate(Math.max(elementCount(shape) * byteSize(dtype), 1), label);
  return storedTensor({ dtype, shape }, storageOf(device, buffer));
}

/**
 * A tensor on `device` with these elements, owned by the caller; the upload is enqueued.
 * @param values numbers, or a typed array of the dtype's host type (raw bits for `f16` and `bf16`)
 * @throws E_SHAPE, E_DTYPE, E_OUT_OF_MEMORY
 */
export function tensorOn(
  device: Device,
  values: readonly number[] | HostArray,
  shape: readonly number[],
  dtype: DType = 'f32',
): Tensor {
  const data = toHostArray(values, shape, dtype);
  const tensor = zerosOn(device, shape, dtype);
  if (data.byteLength > 0) device.write(storedValueOf(tensor, 'tensorOn').storage.buffer, 0, bytesOf(data));
  return tensor;
}

/** The bytes of a typed array, without copying. */
export function bytesOf(array: HostArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/**
 * The stored value of a tensor that can be bound as a whole.
 * @throws E_ARGUMENT if it is recorded, not stored, or only a window; E_DISPOSED if it is gone
 */
export function storedValueOf(tensor: Tensor, what: string): StoredValue {
  const { value } = tensor;
  if (value.kind !== 'stored') {
    throw new HybraError(
      'E_ARGUMENT',
      `${what}: ${formatType(tensor)} is not computed yet (${value.kind}). Compute it with evaluate() or as an output of a program.`,
      { what, kind: value.kind },
    );
  }
  if (value.storage.state !== 'live') {
    throw new HybraError(
      'E_DISPOSED',
      value.storage.state === 'donated'
        ? `${what}: ${formatType(tensor)} was donated to a run that updated it in place. Use the tensor that the run returned, or fork before running.`
        : `${what}: ${formatType(tensor)} was disposed of.`,
      { what, state: value.storage.state },
    );
  }
  return value;
}

/** Frees the memory of a stored tensor and of every view of it. Idempotent; does nothing to other tensors. */
export function disposeTensor(tensor: Tensor): void {
  if (tensor.value.kind !== 'stored') return;
  const { storage } = tensor.value;
  if (storage.state === 'live') {
    storage.state = 'disposed';
    const { buffer, ready, reads } = storage;
    // Work over several devices that is not enqueued yet still uses the memory.
    if (ready || reads) void Promise.allSettled([ready, reads]).then(() => buffer.dispose());
    else buffer.dispose();
  }
}

function toHostArray(
  values: readonly number[] | HostArray,
  shape: readonly number[],
  dtype: DType,
): HostArray {
  const count = elementCount(shape);
  if (values.length !== count) {
    throw new HybraError(
      'E_SHAPE',
      `got ${values.length} values for ${formatType({ dtype, shape })}, expected ${count}.`,
      { dtype, shape, length: values.length },
    );
  }
  const array = hostArray(dtype, count);
  const isTyped = ArrayBuffer.isView(values);
  const accepted = isTyped ? values.constructor === array.constructor : dtype !== 'f16' && dtype !== 'bf16';
  if (!accepted) {
    throw new HybraError(
      'E_DTYPE',
      `got ${isTyped ? values.constructor.name : 'numbers'} for ${dtype}, expected ${array.constructor.name}${isTyped ? '' : ' with raw bits'}.`,
      { dtype },
    );
  }
  array.set(values as ArrayLike<number>);
  return array;
}
