import { type DType, type HostArray, isHalf } from '@hybra/spec';
import type { Scratch } from '../../kernel.js';
import { halfRuns } from '../../numbers/half-runs.js';

/** Where the numbers of one slot of a state pool are while a kernel works on them. */
export interface OpenSlot {
  readonly numbers: HostArray;
  readonly from: number;
}

/** Reads and writes slots of a pool `[S, …]` as float32 or float64 numbers. */
export interface SlotAccess {
  /** Scratch bytes at the front of the scratch that an open slot takes. A multiple of 8. */
  readonly scratchBytes: number;
  /** The pool itself, or for a half pool a widened copy in scratch. */
  open(pool: HostArray, slot: number, scratch: Scratch): OpenSlot;
  /** Rounds a widened copy back into its slot. */
  close(pool: HostArray, slot: number, scratch: Scratch): void;
}

/** Access to slots of `size` elements each. */
export function slotAccess(dtype: DType, size: number): SlotAccess {
  if (!isHalf(dtype)) {
    return {
      scratchBytes: 0,
      open: (pool, slot) => ({ numbers: pool, from: slot * size }),
      close: () => undefined,
    };
  }
  const { decode, encode } = halfRuns[dtype as 'f16' | 'bf16'];
  return {
    scratchBytes: 8 * Math.ceil(size / 2),
    open: (pool, slot, { words, floats }) => {
      decode(pool as Uint16Array, slot * size, words, 0, size);
      return { numbers: floats, from: 0 };
    },
    close: (pool, slot, { words }) => encode(words, 0, pool as Uint16Array, slot * size, size),
  };
}
