import { HybraError } from '@hybra/spec';

/** A run of tokens of one document, each of which has a successor in it. */
export interface Piece {
  readonly start: number;
  /** At least 1. */
  readonly length: number;
}

/**
 * Documents as pieces of `time` tokens at most; a document's last token is predicted and predicts nothing.
 * @param ends where each document ends, ascending
 * @throws E_ARGUMENT when no document has two tokens
 */
export function cutDocuments(ends: readonly number[], time: number): Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  for (const end of ends) {
    for (let at = start; at + 1 < end; at += time) {
      pieces.push({ start: at, length: Math.min(time, end - 1 - at) });
    }
    start = end;
  }
  if (pieces.length > 0) return pieces;
  throw new HybraError('E_ARGUMENT', `data: none of ${ends.length} documents has two tokens.`, {
    documents: ends.length,
  });
}
