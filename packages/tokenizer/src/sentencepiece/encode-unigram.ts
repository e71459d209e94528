import { SortedPieces } from './sorted-pieces.js';
import type { TextPiece } from './text-piece.js';
import type { Vocabulary } from './vocabulary.js';

/** What an unknown character costs below the lowest score (unigram_model.cc, `kUnkPenalty`). */
const unknownPenalty = 10;

/**
 * The function that finds the most probable sequence of pieces for a normalised text: Viterbi's algorithm over the
 * unigram language model (Kudo 2018, arXiv:1804.10959, section 3.2; unigram_model.cc, `EncodeOptimized`).
 * Scores are summed in float32 as there, so that ties fall the same way.
 */
export function createUnigramEncoder(vocabulary: Vocabulary): (text: string) => TextPiece[] {
  const { pieces } = vocabulary;
  const trie = new SortedPieces(vocabulary.textIds);
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (const { kind, score } of pieces) {
    if (kind !== 'normal') continue;
    lowest = Math.min(lowest, score);
    highest = Math.max(highest, score);
  }
  const unknownScore = Math.fround((Number.isFinite(lowest) ? lowest : 0) - unknownPenalty);
  const highestScore = Number.isFinite(highest) ? highest : 0;
  // A user-defined piece beats every other way through its text, in proportion to its bytes.
  const scores = Float64Array.from(pieces, ({ kind, score, text }) =>
    kind === 'user-defined' ? Math.fround(new TextEncoder().encode(text).length * highestScore) - 0.1 : score,
  );

  return (text) => {
    const bestScores = new Float32Array(text.length + 1);
    const bestIds = new Int32Array(text.length + 1);
    const bestStarts = new Int32Array(text.length + 1).fill(-1);
    const consider = (end: number, start: number, id: number, score: number): void => {
      if (bestStarts[end] !== -1 && !(score > bestScores[end]!)) return;
      bestScores[end] = score;
      bestStarts[end] = start;
      bestIds[end] = id;
    };
    for (let start = 0; start < text.length; ) {
      const scoreHere = bestScores[start]!;
      const characterEnd = start + (text.codePointAt(start)! > 0xffff ? 2 : 1);
      let coversCharacter = false;
      trie.matchesAt(text, start, (id, end) => {
        if (pieces[id]!.kind === 'unused') return;
        consider(end, start, id, scores[id]! + scoreHere);
        if (end === characterEnd) coversCharacter = true;
      });
      if (!coversCharacter) {
        consider(characterEnd, start, vocabulary.unknownId, Math.fround(unknownScore + scoreHere));
      }
      start = characterEnd;
    }
    const output: TextPiece[] = [];
    for (let end = text.length; end > 0; end = bestStarts[end]!) {
      output.push({ id: bestIds[end]!, start: bestStarts[end]!, end });
    }
    return output.reverse();
  };
}
