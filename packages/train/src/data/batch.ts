/** Rows of tokens and what is to be predicted at each. */
export interface Batch {
  readonly rows: number;
  /** Tokens per row. */
  readonly time: number;
  /** [rows · time] */
  readonly ids: Int32Array;
  /** [rows · time]; −1 where nothing is to be predicted. */
  readonly targets: Int32Array;
  /**
   * [rows · time], of packed rows: the place of each token in its document, 0 for its first. Nothing is carried over
   * a 0.
   */
  readonly places?: Int32Array;
}

/** Batches as a pure function of their number: what makes a training resumable without any position to keep. */
export interface BatchSource {
  /** The batch of a step, from 0. */
  at(index: number): Batch;
  /** Batches in one pass over the data; ∞ where they are made up. */
  readonly perEpoch: number;
  /** Tells the data from other data: a checkpoint is resumed only on its own. */
  readonly fingerprint: string;
}
