import type { Batch, BatchSource } from './batch.js';
import { cutDocuments } from './cut-documents.js';
import { permutation } from './permutation.js';
import type { StreamOptions } from './stream-batches.js';
import type { TokenSource } from './token-source.js';

/**
 * Rows that never cross the end of a document: each starts from the initial state, so that nothing is carried
 * from one document to the next. Documents longer than a row are cut; shorter ones leave padding that predicts
 * nothing.
 * @param ends where each document ends in `source`, ascending
 * @throws E_ARGUMENT when no document has two tokens
 */
export function documentBatches(
  source: TokenSource,
  ends: readonly number[],
  options: Omit<StreamOptions, 'range'>,
): BatchSource {
  const { rows, time, seed } = options;
  const pieces = cutDocuments(ends, time);
  return {
    perEpoch: pieces.length / rows,
    fingerprint: `${source.fingerprint}:${ends.length} documents`,
    at(index): Batch {
      const ids = new Int32Array(rows * time);
      const targets = new Int32Array(rows * time).fill(-1);
      for (let row = 0; row < rows; row++) {
        const place = index * rows + row;
        const order = permutation(pieces.length, seed, Math.floor(place / pieces.length));
        const { start, length } = pieces[order(place % pieces.length)]!;
        source.read(start, length, ids, row * time);
        source.read(start + 1, length, targets, row * time);
      }
      return { rows, time, ids, targets };
    },
  };
}
