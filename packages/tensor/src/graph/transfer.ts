import type { Device } from '@hybra/spec';
import { Tensor } from './tensor.js';

/**
 * The same tensor on another device. The only way data moves between devices; the copy shows in `explain()`.
 * A tensor that is there already, or that no device has claimed, is returned as it is.
 */
export function transfer(x: Tensor, device: Device): Tensor {
  if (x.device === undefined || x.device === device) return x;
  return new Tensor(Object.freeze({ kind: 'transfer', dtype: x.dtype, shape: x.shape, source: x, device }));
}
