import type { Tensor } from '../../graph/tensor.js';
import { reshape } from '../../graph/views.js';
import { iota } from '../array/iota.js';
import { add, and, div, less, mul, sub } from '../elementwise/binary.js';
import { greaterEqual, lessEqual } from '../elementwise/derived.js';
import { isActive } from './slots.js';

/**
 * Which rows of its cache each query of `attention` sees: bool[B, T, C].
 * @param inputs those of `attention`, in order
 * @param window keys a query may look back on, itself included; 0 is all
 * @param isRing row c of the cache holds the last position below the length that is c modulo C
 */
export function visibleKeys(inputs: readonly Tensor[], window: number, isRing: boolean): Tensor {
  const [q, k, , slots, starts, lengths] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const [slotCount, capacity] = k.shape as [number, number];
  const perRow = (x: Tensor): Tensor => reshape(x, [x.shape[0]!, 1, 1]);
  const query = add(perRow(starts), iota([1, q.shape[1]!, 1], 1)); // [B, T, 1]
  const length = perRow(lengths);
  const row = iota([1, 1, capacity]);
  const key = isRing ? ringPositions(row, length, capacity) : row;
  const exists = and(greaterEqual(key, 0), less(key, length));
  const isCausal = lessEqual(key, query); // [B, T, C]
  const visible = and(and(exists, perRow(isActive(slots, slotCount))), isCausal);
  return window === 0 ? visible : and(visible, less(sub(query, window), key));
}

/** The last position below the length that is `row` modulo the capacity; negative where there is none. */
function ringPositions(row: Tensor, length: Tensor, capacity: number): Tensor {
  const last = sub(length, 1);
  const distance = add(sub(last, row), capacity); // not negative, congruent to last − row
  const age = sub(distance, mul(div(distance, capacity), capacity)); // modulo the capacity
  return sub(last, age);
}
