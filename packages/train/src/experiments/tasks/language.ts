import { evaluationBatches, streamBatches } from '../../data/stream-batches.js';
import type { TokenSource } from '../../data/token-source.js';
import type { Task } from '../task.js';

/** Sizes of a language task. */
export interface LanguageOptions {
  readonly tokens: TokenSource;
  readonly vocabularySize: number;
  readonly time: number;
  /** Lengths of the rows to be measured on. */
  readonly measured: readonly number[];
  readonly rows: number;
  /** Tokens measured on, per length. */
  readonly evaluationTokens: number;
  readonly seed: number;
}

/** Predicting a text: the last tenth of it is measured on. */
export function language(options: LanguageOptions): Task {
  const { tokens, vocabularySize, time, rows, seed } = options;
  const end = Math.floor(tokens.length * 0.9);
  const data = streamBatches(tokens, { rows, time, seed, range: [0, end] });
  return {
    vocabularySize,
    time,
    x: 'tokens of context',
    batchAt: (index) => data.at(index),
    evaluations: options.measured.map((length) => {
      const sizes = { rows, time: length, range: [end, tokens.length] } as const;
      const count = Math.ceil(options.evaluationTokens / (rows * length));
      return { x: length, isInside: length <= time, batches: evaluationBatches(tokens, sizes, count) };
    }),
  };
}
