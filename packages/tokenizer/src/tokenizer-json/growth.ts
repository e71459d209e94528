import { TokenizerError } from '../error.js';

/** Real pipelines have fewer than 20 components, nested two deep, and make a text at most 10 times as long. */
const mostComponents = 200;
const deepestNesting = 8;
const largestFactor = 1024;

/**
 * Keeps one pipeline of a file (normalizer, pre-tokenizer, …) within bounds: how many components, how deep, and how
 * much longer they can make a text. Replacements multiply, so that a small file could otherwise ask for any memory.
 */
export class GrowthLimit {
  readonly #path: string;
  #components = 0;
  #factor = 1;

  constructor(path: string) {
    this.#path = path;
  }

  /** Counts a component that can make a text `factor` times as long. @throws E_CONFIG */
  count(factor: number, depth: number): void {
    this.#components += 1;
    this.#factor *= Math.max(1, factor);
    const isWithin =
      this.#components <= mostComponents && depth <= deepestNesting && this.#factor <= largestFactor;
    if (!isWithin) {
      throw new TokenizerError(
        'E_CONFIG',
        `${this.#path}: too many components, nested too deeply, or growing the text too much.`,
        { path: this.#path },
      );
    }
  }
}
