import { byteSize, elementCount, type HostArray, hostArray, hostView } from '@hybra/spec';
import { storedValueOf } from '../graph/storage.js';
import type { Tensor } from '../graph/tensor.js';

/**
 * Waits for everything enqueued before and gives the elements of a stored tensor in row-major order, as the
 * dtype's host type (raw bits for `f16` and `bf16`).
 * @throws E_DISPOSED, E_DEVICE_LOST, E_ABORTED, and any failure of the runs before it
 */
export async function readback(tensor: Tensor, signal?: AbortSignal): Promise<HostArray> {
  const { storage } = storedValueOf(tensor, 'readback');
  if (storage.ready) await storage.ready;
  if (tensor.size === 0) return hostArray(tensor.dtype, 0);
  const first = tensor.offset;
  const last = tensor.shape.reduce((at, extent, axis) => at + (extent - 1) * tensor.strides[axis]!, first);
  const bytes = byteSize(tensor.dtype);
  const raw = await storage.device.read(storage.buffer, first * bytes, (last - first + 1) * bytes, signal);
  const window = hostView(tensor.dtype, raw.buffer, raw.byteOffset, last - first + 1);
  return tensor.isContiguous ? window : gather(window, tensor);
}

function gather(window: HostArray, { dtype, shape, strides }: Tensor): HostArray {
  const result = hostArray(dtype, elementCount(shape));
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let at = 0; at < result.length; at++) {
    result[at] = window[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
