import { StopMatcher } from '@hybra/generate';
import type { Tokenizer } from '@hybra/tokenizer';
import type { Token } from './protocol.js';

/** A token that may still turn out to belong to a stop string. */
interface Waiting {
  readonly token: Token;
  /** Characters of the text at its end; infinite until its last character is complete. */
  end: number;
}

/**
 * Turns the ids of a text into tokens with their text, one by one, and stops before a stop string. A token is
 * given once it is certain that it does not belong to a stop string.
 */
export class TokenText {
  /** Text before the stop string, or at the very end, that belongs to no token given. */
  tail = '';
  hasStopped = false;
  /** How many tokens were given. */
  count = 0;
  readonly #stream: ReturnType<Tokenizer['stream']>;
  readonly #matcher: StopMatcher;
  readonly #waiting: Waiting[] = [];
  #decoded = '';
  #certain = 0;
  #givenEnd = 0;

  constructor(tokenizer: Tokenizer, stop: readonly string[]) {
    this.#stream = tokenizer.stream({ skipSpecialTokens: true });
    this.#matcher = new StopMatcher(stop);
  }

  /** Takes the next id. @returns the tokens that are now certain */
  push(id: number): readonly Token[] {
    const text = this.#stream.push(id);
    this.#decoded += text;
    this.#waiting.push({ token: { id, text }, end: Number.POSITIVE_INFINITY });
    if (text !== '') {
      for (const waiting of this.#waiting) waiting.end = Math.min(waiting.end, this.#decoded.length);
    }
    const { text: certain, stoppedAt } = this.#matcher.push(text);
    this.#certain = stoppedAt ?? this.#certain + certain.length;
    this.hasStopped = stoppedAt !== undefined;
    const given = this.#give();
    if (this.hasStopped) this.tail = this.#decoded.slice(this.#givenEnd, this.#certain);
    return given;
  }

  /** The end of the text: whatever was held back is certain now. */
  end(): readonly Token[] {
    if (this.hasStopped) return [];
    this.tail = this.#stream.end();
    this.#certain = Number.POSITIVE_INFINITY;
    return this.#give();
  }

  #give(): readonly Token[] {
    const first = this.#waiting.findIndex(({ end }) => end > this.#certain);
    const given = this.#waiting.splice(0, first < 0 ? this.#waiting.length : first);
    this.count += given.length;
    this.#givenEnd = Math.max(this.#givenEnd, ...given.map(({ end }) => end));
    return given.map(({ token }) => token);
  }
}
