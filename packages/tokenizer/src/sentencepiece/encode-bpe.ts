import { PairQueue } from './pair-queue.js';
import type { TextPiece } from './text-piece.js';
import type { Vocabulary } from './vocabulary.js';

/** A run `[start, end)` of the text; empty once it has merged into its left neighbour. */
interface TextSymbol {
  readonly start: number;
  end: number;
  previous: number;
  next: number;
  /** A user-defined piece: never merges. */
  readonly isFrozen: boolean;
}

function splitSymbols(text: string, vocabulary: Vocabulary): TextSymbol[] {
  const symbols: TextSymbol[] = [];
  for (let start = 0; start < text.length; ) {
    const matched = vocabulary.userDefined.longestAt(text, start);
    const end = matched > start ? matched : start + (text.codePointAt(start)! > 0xffff ? 2 : 1);
    symbols.push({
      start,
      end,
      previous: symbols.length - 1,
      next: end < text.length ? symbols.length + 1 : -1,
      isFrozen: matched > start,
    });
    start = end;
  }
  return symbols;
}

/**
 * Byte-pair encoding of normalised text (bpe_model.cc, `SampleEncode` without sampling; Sennrich et al. 2016,
 * arXiv:1508.07909): the neighbouring pair whose union is the piece of the highest score merges, again and again.
 * Pieces that are marked unused take part in merges and are split again at the end.
 * @returns the pieces in order; text that is no piece has the unknown piece's id
 */
export function encodeBpe(text: string, vocabulary: Vocabulary): TextPiece[] {
  const symbols = splitSymbols(text, vocabulary);
  const queue = new PairQueue();
  /** For pieces marked unused: the length of the left part they were first merged from. */
  const splits = new Map<string, number>();

  const offer = (left: number, right: number): void => {
    if (left < 0 || right < 0) return;
    const a = symbols[left]!;
    const b = symbols[right]!;
    if (a.isFrozen || b.isFrozen) return;
    const union = text.slice(a.start, b.end);
    const id = vocabulary.textIds.get(union);
    if (id === undefined) return;
    const piece = vocabulary.pieces[id]!;
    queue.push({ left, right, score: piece.score, length: b.end - a.start });
    if (piece.kind === 'unused') splits.set(union, a.end - a.start);
  };

  for (let index = 1; index < symbols.length; index++) offer(index - 1, index);
  for (let pair = queue.pop(); pair !== undefined; pair = queue.pop()) {
    const left = symbols[pair.left]!;
    const right = symbols[pair.right]!;
    const isEmpty = left.start === left.end || right.start === right.end;
    if (isEmpty || left.end - left.start + right.end - right.start !== pair.length) continue;
    left.end = right.end;
    left.next = right.next;
    if (right.next >= 0) symbols[right.next]!.previous = pair.left;
    right.end = right.start;
    offer(left.previous, pair.left);
    offer(pair.left, left.next);
  }

  const output: TextPiece[] = [];
  // A stack of runs still to give, the next one on top: an unused piece is replaced by its two parts.
  for (let index = symbols.length > 0 ? 0 : -1; index >= 0; index = symbols[index]!.next) {
    const pending = [[symbols[index]!.start, symbols[index]!.end] as const];
    for (let run = pending.pop(); run !== undefined; run = pending.pop()) {
      const [start, end] = run;
      const piece = text.slice(start, end);
      const id = vocabulary.reservedIds.get(piece) ?? vocabulary.textIds.get(piece) ?? vocabulary.unknownId;
      const split = vocabulary.pieces[id]!.kind === 'unused' ? splits.get(piece) : undefined;
      if (split === undefined) output.push({ id, start, end });
      else pending.push([start + split, end], [start, start + split]);
    }
  }
  return output;
}
