import { type Device, formatType, HybraError } from '@hybra/spec';
import { add, iota, less, type Tensor, transfer, unsqueeze } from '@hybra/tensor';
import { type PackedDocuments, packedDocuments } from './packed-documents.js';

/** Where each row of a batch stands: which slot it owns, how far it is, how much of the chunk is real. */
export interface StepContext {
  /** `i32[B]`: the row's slot in the state pools; −1 makes the row a no-op. */
  readonly slots: Tensor;
  /** `i32[B]`: position of the chunk's first token, that is, tokens already in the state. */
  readonly starts: Tensor;
  /** `i32[B]`: valid tokens of this chunk, 0 … T; the rest is padding on the right. */
  readonly lengths: Tensor;
  /** `i32[B]`: starts + lengths. */
  readonly ends: Tensor;
  /** `i32[B, T]`: starts + t, or the place in its document where rows are packed. */
  readonly positions: Tensor;
  /** `bool[B, T]`: t < lengths. */
  readonly valid: Tensor;
  /** T, the chunk's padded length. */
  readonly time: number;
  /** `f32[B, T, D]`: what the embedding gave, for layers that look back at it (`sharedBlock`). */
  readonly embedded?: Tensor;
  /** Rows hold several documents, none of which sees another: for training, all rows start at 0. */
  readonly packed?: PackedDocuments;
}

/**
 * Derives what layers need to know from slots, starts and lengths, all `i32[B]` on one device.
 * @param time T, the chunk's padded length, at least 1
 * @param places `i32[B, T]`: place of each token in its document where rows are packed; starts are 0 then, and states
 * are neither read nor left behind in any useful way
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function stepContext(rows: {
  readonly slots: Tensor;
  readonly starts: Tensor;
  readonly lengths: Tensor;
  readonly time: number;
  readonly places?: Tensor | undefined;
}): StepContext {
  const { slots, starts, lengths, time, places } = rows;
  if (!Number.isInteger(time) || time < 1) {
    throw new HybraError('E_ARGUMENT', `stepContext: time is ${time}, expected an integer from 1.`, { time });
  }
  for (const [name, tensor] of Object.entries({ slots, starts, lengths })) {
    if (tensor.dtype !== 'i32') {
      throw new HybraError('E_DTYPE', `stepContext: ${name} is ${formatType(tensor)}, expected i32[batch].`, {
        argument: name,
        dtype: tensor.dtype,
      });
    }
    if (tensor.rank !== 1 || tensor.shape[0] !== slots.shape[0]) {
      throw new HybraError(
        'E_SHAPE',
        `stepContext: ${name} is ${formatType(tensor)}, expected i32[${slots.shape[0] ?? 'batch'}] like slots.`,
        { argument: name, shape: tensor.shape },
      );
    }
  }
  const steps = iota([1, time], 1, 'i32');
  return Object.freeze({
    slots,
    starts,
    lengths,
    time,
    ends: add(starts, lengths),
    positions: places ?? add(unsqueeze(starts, 1), steps), // [B, T]
    valid: less(steps, unsqueeze(lengths, 1)), // [B, T]
    ...(places && { packed: packedDocuments(places) }),
  });
}

/** The same context on another device: small copies, and that of `embedded`; the rest is derived there. */
export function transferContext(context: StepContext, device: Device): StepContext {
  const moved = stepContext({
    slots: transfer(context.slots, device),
    starts: transfer(context.starts, device),
    lengths: transfer(context.lengths, device),
    time: context.time,
    places: context.packed && transfer(context.packed.places, device),
  });
  const { embedded } = context;
  return embedded ? Object.freeze({ ...moved, embedded: transfer(embedded, device) }) : moved;
}
