import type { SequenceModel } from '@hybra/layers';
import {
  type CompiledProgram,
  createProgramCache,
  type ProgramCache,
  type RunBindings,
  type RunResult,
} from '@hybra/tensor';
import type { SequenceRow } from '../state/sequence-state.js';
import { StatePools } from '../state/state-pools.js';

/** What a {@link PoolRuntime} is made with. */
export interface PoolRuntimeOptions {
  readonly slots: number;
  readonly capacity: number;
  readonly programBytes: number;
}

/**
 * The state pools of a model with the programs compiled over them. Programs depend on how many slots and
 * tokens the pools hold, so a program is asked for just before it runs, and nothing is awaited in between.
 */
export class PoolRuntime {
  readonly model: SequenceModel;
  readonly pools: StatePools;
  readonly #programs: ProgramCache;

  constructor(model: SequenceModel, options: PoolRuntimeOptions) {
    this.model = model;
    this.pools = new StatePools(model, options.slots, options.capacity);
    this.#programs = createProgramCache(options.programBytes);
  }

  /** Bytes of the pools and of what compiled programs own. */
  get bytes(): number {
    return this.pools.bytes + this.#programs.ownedBytes;
  }

  /** The program of this key over the pools as they are when this resolves. */
  async program(key: string, make: () => Promise<CompiledProgram>): Promise<CompiledProgram> {
    for (;;) {
      const shape = this.#shape();
      const program = await this.#programs.get(`${key} over ${shape}`, make);
      if (shape === this.#shape()) return program;
    }
  }

  /** Runs a program that takes the pools among its states, and keeps the pools it gives back. */
  run(program: CompiledProgram, bindings: RunBindings): RunResult {
    const pools = Object.fromEntries(this.pools.pools.map(({ name, tensor }) => [name, tensor]));
    const result = program.run({ ...bindings, states: { ...pools, ...bindings.states } });
    for (const pool of this.pools.pools) pool.tensor = result.states[pool.name]!;
    return result;
  }

  /** Makes room for `count` more sequences, and for `tokens` tokens in each. */
  reserve(count: number, tokens: number): void {
    const { slots } = this.pools;
    const missing = count - slots.freeCount;
    const capacity = missing > 0 ? Math.max(slots.capacity * 2, slots.capacity + missing) : slots.capacity;
    this.pools.reserve(capacity, tokens);
  }

  /** Copies every row that another state still looks at, so that writing it harms nobody. */
  own(rows: readonly SequenceRow[]): SequenceRow[] {
    this.reserve(rows.filter(({ slot }) => slot.references > 1).length, 0);
    return rows.map((row) => {
      if (row.slot.references === 1) return row;
      const slot = this.pools.slots.take();
      this.pools.copySlot(row.slot.index, slot.index, row.position);
      this.pools.slots.release(row.slot);
      return { slot, position: row.position };
    });
  }

  /** Frees pools and programs; the model stays. Idempotent. */
  dispose(): void {
    this.#programs.dispose();
    this.pools.dispose();
  }

  #shape(): string {
    return `${this.pools.slots.capacity} × ${this.pools.capacity}`;
  }
}
