import type { Batch } from '../data/batch.js';

/** One row: its tokens, and which of them (not the first) are to be predicted. */
export interface Row {
  readonly tokens: readonly number[];
  /** As long as `tokens`. */
  readonly isAnswer: readonly boolean[];
}

/** Rows under one another, padded on the right to `time`; each token that is an answer is the target before it. */
export function rowsToBatch(rows: readonly Row[], time: number): Batch {
  const ids = new Int32Array(rows.length * time);
  const targets = new Int32Array(rows.length * time).fill(-1);
  for (const [row, { tokens, isAnswer }] of rows.entries()) {
    for (let place = 0; place + 1 < tokens.length; place++) {
      ids[row * time + place] = tokens[place]!;
      if (isAnswer[place + 1]) targets[row * time + place] = tokens[place + 1]!;
    }
  }
  return { rows: rows.length, time, ids, targets };
}

/** Collects a row piece by piece. */
export class RowBuilder {
  readonly #tokens: number[] = [];
  readonly #isAnswer: boolean[] = [];

  add(...tokens: readonly number[]): this {
    for (const token of tokens) this.#push(token, false);
    return this;
  }

  answer(...tokens: readonly number[]): this {
    for (const token of tokens) this.#push(token, true);
    return this;
  }

  build(): Row {
    return { tokens: this.#tokens, isAnswer: this.#isAnswer };
  }

  #push(token: number, isAnswer: boolean): void {
    this.#tokens.push(token);
    this.#isAnswer.push(isAnswer);
  }
}

/** Sequence numbers of evaluation draws start here, so that none is a training draw. */
export const evaluationSequence = 0x80000000;
