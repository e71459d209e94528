import {
  cast,
  concat,
  expand,
  fill,
  greaterEqual,
  iota,
  mul,
  random,
  reshape,
  select,
  type Tensor,
  unsqueeze,
} from '@hybra/tensor';

/** Seed and step of a training step on the device: u32[3], seed low, seed high, step. */
export type StepStream = Tensor;

/** Purpose word of dropout's random streams, so that they meet no other's. */
const purpose = 0x64726f70;

/**
 * Sets a share of the elements to zero and scales the rest up (Srivastava et al. 2014), by Philox keyed with
 * seed, step and place: the same in the forward pass and in a recomputed one, and on every device.
 * @param rate from 0 to below 1
 * @param place tells uses within one step apart
 */
export function dropout(x: Tensor, rate: number, stream: StepStream, place: number): Tensor {
  if (rate === 0 || x.size === 0) return x;
  const width = x.shape[x.rank - 1]!;
  const rows = x.size / width;
  const seed = expand(unsqueeze(stream, 0), [rows, 3]);
  const row = reshape(iota([rows], 0, 'u32'), [rows, 1]);
  const where = fill([rows, 1], (purpose + place) >>> 0, 'u32');
  // (seed low, seed high, sequence, position, purpose)
  const uniform = random(concat([seed, row, where], 1), width);
  const kept = greaterEqual(reshape(uniform, x.shape), rate);
  return cast(mul(select(kept, x, 0), 1 / (1 - rate)), x.dtype);
}
