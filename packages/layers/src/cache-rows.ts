import {
  add,
  and,
  div,
  greaterEqual,
  mul,
  reshape,
  select,
  sub,
  type Tensor,
  unsqueeze,
} from '@hybra/tensor';
import type { StepContext } from './step-context.js';

/**
 * The row of a flattened cache pool `[slots · capacity, …]` that each token of the chunk is written to;
 * −1, which writes nothing, for padding and for inactive rows.
 * @param ring whether position p lies in row p modulo capacity
 * @returns `i32[B · T]`
 */
export function cacheRows(context: StepContext, options: { capacity: number; ring: boolean }): Tensor {
  const { capacity, ring } = options;
  const slots = unsqueeze(context.slots, 1); // [B, 1]
  const { positions } = context; // [B, T]
  const inSlot = ring ? sub(positions, mul(div(positions, capacity), capacity)) : positions;
  const isWritten = and(context.valid, greaterEqual(slots, 0));
  return reshape(select(isWritten, add(mul(slots, capacity), inSlot), -1), [-1]);
}
