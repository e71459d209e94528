/** How {@link parseJson} reads. */
export interface JsonOptions {
  /** Names the text in messages. */
  readonly what: string;
  /** Whether bare `Infinity`, `-Infinity` and `NaN` are numbers, as Python writes and reads them. */
  readonly allowNonFinite: boolean;
  /** Deepest nesting of arrays and objects. */
  readonly maximumDepth: number;
}
