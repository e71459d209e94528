import type { Batch } from '../data/batch.js';

/** Rows on which a trained model is measured. */
export interface TaskEvaluation {
  /** Place on the plot's axis: a length, a number of entries. */
  readonly x: number;
  /** Whether training saw such lengths. */
  readonly isInside: boolean;
  readonly batches: readonly Batch[];
}

/** Something to learn: training batches by number, and rows to be measured on, made of other draws. */
export interface Task {
  readonly vocabularySize: number;
  /** Tokens per training row. */
  readonly time: number;
  readonly batchAt: (index: number) => Batch;
  readonly evaluations: readonly TaskEvaluation[];
  /** What x is. */
  readonly x: string;
}

/** What a model scores on rows of one kind. */
export interface Scores {
  readonly x: number;
  readonly isInside: boolean;
  /** Mean nats per target. */
  readonly loss: number;
  /** Share of targets that are the most probable token. */
  readonly accuracy: number;
  /** Share of rows in which all targets are. */
  readonly exact: number;
  readonly rows: number;
}
