import { HybraError } from '@hybra/spec';
import type { Tokenizer } from '@hybra/tokenizer';
import { type GenerationOptions, startGeneration } from '../decode/generation.js';
import type { Runner } from '../runner/runner.js';
import type { SequenceState } from '../state/sequence-state.js';
import { StopMatcher } from './stop-matcher.js';

/** Options of {@link generateText}. */
export interface GenerateTextOptions extends GenerationOptions {
  /** The prompt as text, encoded with the tokenizer's special tokens, or as tokens. */
  readonly prompt: string | readonly number[];
  /** Continue from here; spent. Default is the initial state, which the call then owns. */
  readonly state?: SequenceState;
  /** Strings that end the text; not part of it. */
  readonly stop?: readonly string[];
}

/** Why a text ended. */
export type FinishReason =
  /** A stop string. */
  | 'stop'
  /** An end-of-sequence token. */
  | 'eos'
  /** `maxTokens`, or the end of the context. */
  | 'length'
  /** The caller's AbortSignal. */
  | 'aborted';

/** A finished text. */
export interface GeneratedText {
  /** The text before the stop string, if one ended it. */
  readonly text: string;
  /** The tokens that lie wholly before the stop string; the end-of-sequence token is not among them. */
  readonly ids: readonly number[];
  readonly promptIds: readonly number[];
  readonly finishReason: FinishReason;
  /** The state of exactly the prompt and `ids`. The caller disposes of it. */
  readonly state: SequenceState;
  readonly timing: GenerationTiming;
}

/** Seconds and tokens of a generation's two phases. */
export interface GenerationTiming {
  readonly prefillSeconds: number;
  readonly prefillTokens: number;
  readonly decodeSeconds: number;
  /** Tokens after the first, which the prefill gives. */
  readonly decodeTokens: number;
}

/**
 * Writes text: yields pieces as they become certain (never half a character, never the beginning of a stop
 * string), and returns the whole with the exact state to go on from. An abort ends the text like a stop.
 * @throws E_ARGUMENT, E_CONTEXT_LENGTH, E_DISPOSED, E_DEVICE_LOST
 * @example
 * for await (const piece of generateText(runner, tokenizer, { prompt: 'ROMEO:' })) process.stdout.write(piece);
 */
export async function* generateText(
  runner: Runner,
  tokenizer: Tokenizer,
  options: GenerateTextOptions,
): AsyncGenerator<string, GeneratedText, void> {
  const promptIds =
    typeof options.prompt === 'string'
      ? tokenizer.encode(options.prompt, { addSpecialTokens: !options.state })
      : options.prompt;
  if (promptIds.length === 0) {
    throw new HybraError(
      'E_ARGUMENT',
      'the prompt is empty and the tokenizer adds no token of its own. Give at least one character.',
    );
  }
  const eosIds = options.eosIds ?? tokenizer.eosIds;
  const started = performance.now();
  const state = options.state ?? runner.initialState();
  const generation = await startGeneration(runner, [promptIds], state, { ...options, eosIds });
  const text = new TextSoFar(tokenizer, options.stop ?? []);
  let finishReason: FinishReason = 'length';
  let firstTokenAt: number | undefined;
  try {
    while (finishReason === 'length' && !text.hasStopped) {
      const step = await generation.next().catch((error: unknown) => {
        if (!(HybraError.isInstance(error) && error.code === 'E_ABORTED')) throw error;
        finishReason = 'aborted';
        return undefined;
      });
      firstTokenAt ??= performance.now();
      const id = step?.[0];
      if (id === undefined) {
        if (generation.haveAllEnded) finishReason = 'eos';
        break;
      }
      const piece = text.push(id);
      if (piece !== '') yield piece;
    }
    const rest = text.end();
    if (rest !== '') yield rest;
    const ended = performance.now();
    const count = generation.tokens[0]!.length;
    const ids = generation.tokens[0]!.slice(0, text.keptTokens);
    const timing = {
      prefillSeconds: ((firstTokenAt ?? ended) - started) / 1000,
      prefillTokens: promptIds.length,
      decodeSeconds: (ended - (firstTokenAt ?? ended)) / 1000,
      decodeTokens: Math.max(0, count - 1),
    };
    return {
      text: text.text,
      ids,
      promptIds,
      finishReason: text.hasStopped ? 'stop' : finishReason,
      state: await generation.finish([ids.length]),
      timing,
    };
  } finally {
    // A caller that stops iterating ends up here too; after `finish` this does nothing.
    generation.dispose();
  }
}

/** Turns tokens into text piece by piece and knows which tokens lie before a stop string. */
class TextSoFar {
  text = '';
  hasStopped = false;
  readonly #stream: ReturnType<Tokenizer['stream']>;
  readonly #matcher: StopMatcher;
  /** Characters of the whole text at each token's end. */
  readonly #ends: number[] = [];
  #decoded = 0;
  #stoppedAt = Number.POSITIVE_INFINITY;

  constructor(tokenizer: Tokenizer, stops: readonly string[]) {
    this.#stream = tokenizer.stream({ skipSpecialTokens: true });
    this.#matcher = new StopMatcher(stops);
  }

  push(id: number): string {
    const piece = this.#stream.push(id);
    this.#decoded += piece.length;
    // A token that gave nothing yet ends where the next one that gives something ends.
    if (piece.length > 0) this.#ends.fill(this.#decoded, this.#ends.findLastIndex(Number.isFinite) + 1);
    this.#ends.push(piece.length > 0 ? this.#decoded : Number.POSITIVE_INFINITY);
    return this.#match(piece);
  }

  end(): string {
    if (this.hasStopped) return '';
    const piece = this.#match(this.#stream.end());
    const rest = this.hasStopped ? '' : this.#matcher.end();
    this.text += rest;
    return piece + rest;
  }

  /** How many tokens lie wholly before the stop string; all without one. */
  get keptTokens(): number {
    if (!this.hasStopped) return this.#ends.length;
    const first = this.#ends.findIndex((end) => end > this.#stoppedAt);
    return first < 0 ? this.#ends.length : first;
  }

  #match(piece: string): string {
    const { text, stoppedAt } = this.#matcher.push(piece);
    if (stoppedAt !== undefined) {
      this.hasStopped = true;
      this.#stoppedAt = stoppedAt;
    }
    this.text += text;
    return text;
  }
}
