import { HybraError } from '@hybra/spec';

/** A row of the state pools and how many states look at it. */
export interface Slot {
  readonly index: number;
  references: number;
}

/** Hands out rows of the state pools. A row that several states share is copied before one of them writes. */
export class SlotTable {
  readonly #free: number[] = [];
  #capacity: number;

  constructor(capacity: number) {
    this.#capacity = 0;
    this.grow(capacity);
    this.#capacity = capacity;
  }

  get capacity(): number {
    return this.#capacity;
  }

  get freeCount(): number {
    return this.#free.length;
  }

  /** Adds rows up to `capacity`. */
  grow(capacity: number): void {
    for (let index = capacity - 1; index >= this.#capacity; index--) this.#free.push(index);
    this.#capacity = Math.max(this.#capacity, capacity);
  }

  /** A free row, held once. @throws E_OUT_OF_MEMORY when none is free: grow first */
  take(): Slot {
    const index = this.#free.pop();
    if (index === undefined) {
      throw new HybraError(
        'E_OUT_OF_MEMORY',
        `all ${this.#capacity} state slots are taken. Dispose of states or grow the pools.`,
        {
          capacity: this.#capacity,
        },
      );
    }
    return { index, references: 1 };
  }

  /** Lets go of a row once; it is free again when nobody holds it. */
  release(slot: Slot): void {
    slot.references -= 1;
    if (slot.references === 0) this.#free.push(slot.index);
  }
}
