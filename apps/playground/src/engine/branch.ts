import type { Runner, SequenceState } from '@hybra/generate';

/** Where to go on from: a state that the caller owns, and the tokens that it has not seen yet. */
export interface Start {
  readonly state: SequenceState;
  readonly seen: readonly number[];
  /** At least one. */
  readonly feed: readonly number[];
}

/** Bytes that the states kept by one branch may take. Fewer are kept of a large model; the rest is replayed. */
const keptBytes = 128 * 2 ** 20;
const mostKept = 32;

/**
 * A line of tokens with states kept along it. Any earlier moment is reached from the nearest kept state before
 * it, by feeding the few tokens in between again.
 */
export class Branch {
  readonly #runner: Runner;
  readonly #ids: number[] = [];
  /** By position, ascending. */
  #kept: SequenceState[] = [];

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  get ids(): readonly number[] {
    return this.#ids;
  }

  append(ids: readonly number[]): void {
    this.#ids.push(...ids);
  }

  /** Keeps a state of this branch's first tokens; it now belongs to the branch. */
  keep(state: SequenceState): void {
    const position = positionOf(state);
    if (this.#kept.some((each) => positionOf(each) === position)) {
      state.dispose();
      return;
    }
    this.#kept.push(state);
    this.#kept.sort((a, b) => positionOf(a) - positionOf(b));
    const most = Math.max(2, Math.min(mostKept, Math.floor(keptBytes / Math.max(1, state.bytes))));
    if (this.#kept.length > most) this.#thin();
  }

  /** From where the tokens after the first `length` come. @param length from 1 to the number of tokens */
  startBefore(length: number = this.#ids.length): Start {
    const nearest = this.#kept.findLast((state) => positionOf(state) < length);
    const position = nearest ? positionOf(nearest) : 0;
    return {
      state: nearest ? nearest.fork() : this.#runner.initialState(),
      seen: this.#ids.slice(0, position),
      feed: this.#ids.slice(position, length),
    };
  }

  /** Forgets every token after the first `length`. */
  rewind(length: number): void {
    this.#ids.length = Math.min(length, this.#ids.length);
    for (const state of this.#kept) if (positionOf(state) > length) state.dispose();
    this.#kept = this.#kept.filter((state) => !state.isSpent);
  }

  /** A branch of its own with the first `length` tokens; memory is shared until one of the two writes. */
  fork(length: number): Branch {
    const branch = new Branch(this.#runner);
    branch.append(this.#ids.slice(0, length));
    for (const state of this.#kept) if (positionOf(state) <= length) branch.keep(state.fork());
    return branch;
  }

  /** Drops every second state, but not the first and the last. */
  #thin(): void {
    const last = this.#kept.length - 1;
    for (const [at, state] of this.#kept.entries()) if (at % 2 === 1 && at !== last) state.dispose();
    this.#kept = this.#kept.filter((state) => !state.isSpent);
  }
}

function positionOf(state: SequenceState): number {
  return state.positions[0]!;
}
