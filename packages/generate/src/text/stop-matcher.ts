/** What a piece of text brought: text that is certain, and whether a stop string was met. */
export interface StopStep {
  /** Text that no stop string can begin in any more. */
  readonly text: string;
  /** Characters of the whole text before the stop string, once one was met. */
  readonly stoppedAt?: number;
}

/** Finds the first of several strings in a text that arrives in pieces, and holds back what might begin one. */
export class StopMatcher {
  readonly #stops: readonly string[];
  #held = '';
  #released = 0;

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop.length > 0);
  }

  push(piece: string): StopStep {
    this.#held += piece;
    const found = this.#stops.map((stop) => this.#held.indexOf(stop)).filter((at) => at >= 0);
    if (found.length > 0) {
      const at = Math.min(...found);
      return { text: this.#held.slice(0, at), stoppedAt: this.#released + at };
    }
    const keep = this.#longestBeginning();
    const text = this.#held.slice(0, this.#held.length - keep);
    this.#held = this.#held.slice(text.length);
    this.#released += text.length;
    return { text };
  }

  /** The text held back, when no more will come. */
  end(): string {
    const text = this.#held;
    this.#held = '';
    this.#released += text.length;
    return text;
  }

  /** Length of the longest end of the held text that begins a stop string. */
  #longestBeginning(): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, this.#held.length); length > longest; length--) {
        if (stop.startsWith(this.#held.slice(this.#held.length - length))) {
          longest = length;
          break;
        }
      }
    }
    return longest;
  }
}
