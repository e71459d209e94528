import type { Batch, BatchSource } from './batch.js';
import { cutDocuments, type Piece } from './cut-documents.js';
import { permutation } from './permutation.js';
import type { StreamOptions } from './stream-batches.js';
import type { TokenSource } from './token-source.js';

/** Rows that are filled at the same time: more leave less room, and put longer and shorter documents together. */
const openRows = 32;

/**
 * Rows of several documents side by side, of which none sees another (`places`): short documents leave less padding
 * than in rows of their own. Documents longer than a row are cut. What lies together in a row is drawn once; each
 * epoch has the rows in another order.
 * @param ends where each document ends in `source`, ascending
 * @throws E_ARGUMENT when no document has two tokens
 */
export function packedBatches(
  source: TokenSource,
  ends: readonly number[],
  options: Omit<StreamOptions, 'range'>,
): BatchSource {
  const { rows, time, seed } = options;
  const packed = pack(cutDocuments(ends, time), time, seed);
  return {
    perEpoch: packed.length / rows,
    fingerprint: `${source.fingerprint}:${ends.length} packed documents`,
    at(index): Batch {
      const ids = new Int32Array(rows * time);
      const targets = new Int32Array(rows * time).fill(-1);
      const places = new Int32Array(rows * time);
      for (let row = 0; row < rows; row++) {
        const number = index * rows + row;
        const order = permutation(packed.length, seed, 1 + Math.floor(number / packed.length));
        let at = row * time;
        for (const { start, length } of packed[order(number % packed.length)]!) {
          source.read(start, length, ids, at);
          source.read(start + 1, length, targets, at);
          for (let place = 0; place < length; place++) places[at + place] = place;
          at += length;
        }
        // Padding is a document too.
        for (let place = 0; at + place < (row + 1) * time; place++) places[at + place] = place;
      }
      return { rows, time, ids, targets, places };
    },
  };
}

/** First fit in random order, among the last rows that were begun. */
function pack(pieces: readonly Piece[], time: number, seed: number): Piece[][] {
  const rows: { readonly pieces: Piece[]; room: number }[] = [];
  const order = permutation(pieces.length, seed, 0);
  for (let index = 0; index < pieces.length; index++) {
    const piece = pieces[order(index)]!;
    const open = rows.slice(-openRows).find(({ room }) => room >= piece.length);
    const row = open ?? { pieces: [], room: time };
    if (!open) rows.push(row);
    row.pieces.push(piece);
    row.room -= piece.length;
  }
  return rows.map((row) => row.pieces);
}
