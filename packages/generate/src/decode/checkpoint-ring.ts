import type { DeviceBuffer } from '@hybra/spec';
import type { PoolRuntime } from '../runner/pool-runtime.js';
import type { SequenceRow } from '../state/sequence-state.js';
import { bufferOf, type Pool } from '../state/state-pools.js';

/** A moment that a generation can go back to. */
interface Checkpoint {
  /** Decode steps done. */
  readonly steps: number;
  readonly place: number;
}

/**
 * The first and the last few moments of a running generation. Only the constant part of a state is copied:
 * rows of tokens are appended and never rewritten, so that going back in them is a smaller length (the ring of
 * a sliding window is rewritten, and copied). Memory is taken once.
 */
export class CheckpointRing {
  readonly #runtime: PoolRuntime;
  readonly #pools: readonly Pool[];
  readonly #buffers: readonly DeviceBuffer[];
  readonly #checkpoints: Checkpoint[] = [];
  readonly #size: number;
  readonly #batch: number;

  constructor(runtime: PoolRuntime, batch: number, size: number) {
    this.#runtime = runtime;
    this.#size = size;
    this.#batch = batch;
    this.#pools = runtime.pools.pools.filter(
      ({ spec }) => spec.kind === 'fixed' || spec.window !== undefined,
    );
    this.#buffers = this.#pools.map((pool) =>
      pool.device.allocate(Math.max(1, runtime.pools.slotBytes(pool) * batch * size), 'checkpoints'),
    );
  }

  /** Remembers these rows as they are after that many decode steps. */
  save(rows: readonly SequenceRow[], steps: number): void {
    const isFull = this.#checkpoints.length === this.#size;
    // The first checkpoint stays: from it any point can be reached again.
    const place = isFull ? this.#checkpoints.splice(1, 1)[0]!.place : this.#checkpoints.length;
    this.#copy(rows, place, 'save');
    this.#checkpoints.push({ steps, place });
  }

  /**
   * Puts the rows back to the latest checkpoint that is early enough.
   * @returns the decode steps that had been done there
   */
  restore(rows: readonly SequenceRow[], isEarlyEnough: (steps: number) => boolean): number {
    const checkpoint =
      this.#checkpoints.findLast(({ steps }) => isEarlyEnough(steps)) ?? this.#checkpoints[0]!;
    this.#copy(rows, checkpoint.place, 'restore');
    return checkpoint.steps;
  }

  dispose(): void {
    for (const buffer of this.#buffers) buffer.dispose();
  }

  #copy(rows: readonly SequenceRow[], place: number, direction: 'save' | 'restore'): void {
    for (const [at, pool] of this.#pools.entries()) {
      const bytes = this.#runtime.pools.slotBytes(pool);
      if (bytes === 0) continue;
      const buffer = bufferOf(pool.tensor);
      const kept = this.#buffers[at]!;
      for (const { row, slot, count } of runsOfSlots(rows.map((each) => each.slot.index))) {
        const keptAt = (place * this.#batch + row) * bytes;
        if (direction === 'save') pool.device.copy(buffer, slot * bytes, kept, keptAt, count * bytes);
        else pool.device.copy(kept, keptAt, buffer, slot * bytes, count * bytes);
      }
    }
  }
}

/** Rows whose slots follow each other, which one copy moves. */
export interface SlotRun {
  /** The first row and its slot. */
  readonly row: number;
  readonly slot: number;
  readonly count: number;
}

/** The slots of rows in order, cut where one does not follow the one before it. */
export function runsOfSlots(slots: readonly number[]): SlotRun[] {
  const runs: SlotRun[] = [];
  for (const [row, slot] of slots.entries()) {
    const last = runs.at(-1);
    if (last && last.slot + last.count === slot) runs[runs.length - 1] = { ...last, count: last.count + 1 };
    else runs.push({ row, slot, count: 1 });
  }
  return runs;
}

/** Decode steps between two checkpoints: a host-side stop replays at most this many tokens. */
export const checkpointInterval = 32;
