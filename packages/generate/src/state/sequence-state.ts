import { HybraError } from '@hybra/spec';
import type { Slot } from './slot-table.js';
import type { StatePools } from './state-pools.js';

/** One sequence of a state: its row in the pools and the tokens it has seen. */
export interface SequenceRow {
  readonly slot: Slot;
  /** Tokens that the state stands for; also the position of the next one. */
  readonly position: number;
}

/**
 * What a model remembers of a batch of sequences: a handle on rows of the pools. It is a value: `forward`
 * takes a state and gives a new one, and the old handle is spent. `fork` first to keep both; the rows are
 * copied only when one of the two is written.
 */
export class SequenceState {
  readonly rows: readonly SequenceRow[];
  readonly #pools: StatePools;
  #isSpent = false;

  /** States are made by a runner. */
  constructor(pools: StatePools, rows: readonly SequenceRow[]) {
    this.#pools = pools;
    this.rows = rows;
  }

  /** Number of sequences. */
  get batch(): number {
    return this.rows.length;
  }

  /** Tokens seen, per sequence. */
  get positions(): readonly number[] {
    return this.rows.map(({ position }) => position);
  }

  /** Whether the state was given to `forward` or disposed of. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** Bytes that these sequences take: the constant part and the tokens' part. */
  get bytes(): number {
    const { constant, perToken } = this.#pools.bytesPerSlot;
    return this.rows.reduce((sum, { position }) => sum + constant + perToken * position, 0);
  }

  /** A second handle on the same memory, copied when one of the two is written. @throws E_DISPOSED */
  fork(rows: readonly number[] = this.rows.map((_, index) => index)): SequenceState {
    this.assertUsable('fork');
    const forked = rows.map((index) => {
      const row = this.rows[index];
      if (!row) {
        throw new HybraError(
          'E_ARGUMENT',
          `fork: row ${index} does not exist in a state of ${this.batch} sequences.`,
          { index },
        );
      }
      row.slot.references += 1;
      return row;
    });
    return new SequenceState(this.#pools, forked);
  }

  /** Gives the rows back. Idempotent. */
  dispose(): void {
    if (this.#isSpent) return;
    this.#isSpent = true;
    for (const { slot } of this.rows) this.#pools.slots.release(slot);
  }

  /** Marks the handle as spent and hands its rows, still held, to the caller. @throws E_DISPOSED */
  spend(what: string): readonly SequenceRow[] {
    this.assertUsable(what);
    this.#isSpent = true;
    return this.rows;
  }

  /** A state over rows that this one's `spend` handed out, further on. */
  continued(rows: readonly SequenceRow[]): SequenceState {
    return new SequenceState(this.#pools, rows);
  }

  /** @throws E_DISPOSED */
  assertUsable(what: string): void {
    if (this.#isSpent) {
      throw new HybraError(
        'E_DISPOSED',
        `${what}: this state was given to an earlier call, which returned its successor, or disposed of. Fork a state before using it twice.`,
      );
    }
  }

  /** Whether this state lies in those pools. */
  belongsTo(pools: StatePools): boolean {
    return this.#pools === pools;
  }
}
