/** A piece found in normalised text: its id and the run `[start, end)` it stands for. */
export interface TextPiece {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}
