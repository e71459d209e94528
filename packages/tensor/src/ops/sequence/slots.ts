import type { DType } from '@hybra/spec';
import type { Tensor } from '../../graph/tensor.js';
import { reshape } from '../../graph/views.js';
import { and, less } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { greaterEqual } from '../elementwise/derived.js';
import { select } from '../elementwise/select.js';

// States lie in pools [S, …]. `gatherRows` gives zeros for a slot outside 0 … S − 1 and `writeRows` skips it,
// so that only the outputs of such an inactive row need a mask of their own.

/** Which rows of the batch have a slot in a pool of `slotCount`: bool, shaped as `slots`. */
export function isActive(slots: Tensor, slotCount: number): Tensor {
  return and(greaterEqual(slots, 0), less(slots, slotCount));
}

/** `y` in `dtype`, with zeros in the rows of its first axis that have no slot in a pool of `slotCount`. */
export function maskInactive(y: Tensor, slots: Tensor, slotCount: number, dtype: DType): Tensor {
  const mask = reshape(isActive(slots, slotCount), [slots.shape[0]!, ...y.shape.slice(1).map(() => 1)]);
  return cast(select(mask, y, 0), dtype);
}
