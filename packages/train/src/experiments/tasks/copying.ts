/*
 * Copying tasks.
 *   copying            a string of letters, a bar, the string again (Jelassi et al. 2024, "Repeat After Me")
 *   selective copying  letters among blanks at random places, a bar, the letters in order (Gu & Dao 2023, App. E.1)
 *   induction          random letters; what came after a special letter is to be given when it comes again
 *                      (Olsson et al. 2022; Gu & Dao 2023, App. E.1)
 */
import { type Draws, draws } from '../draws.js';
import { evaluationSequence, type Row, RowBuilder, rowsToBatch } from '../rows.js';
import type { Task } from '../task.js';

/** Sizes of a copying task. */
export interface CopyingOptions {
  readonly kind: 'copying' | 'selective-copying' | 'induction';
  readonly letters: number;
  /** Longest string of a training row; letters among the blanks for selective copying stay at `items`. */
  readonly length: number;
  readonly items: number;
  readonly measured: readonly number[];
  readonly rows: number;
  readonly evaluationRows: number;
  readonly seed: number;
}

const [start, bar, blank] = [0, 1, 2] as const;
const firstLetter = 3;

/** @see CopyingOptions */
export function copying(options: CopyingOptions): Task {
  const { letters, length, rows, seed, kind } = options;
  const timeOf = (count: number): number => makeRow(options, draws(0, 0), count).tokens.length;
  const time = timeOf(length);
  return {
    vocabularySize: firstLetter + letters,
    time,
    x: 'length of the string',
    batchAt: (index) => {
      const random = draws(seed, index);
      // Copies of every length up to the longest; the others have one length, as in the papers.
      const drawn = (): number => (kind === 'copying' ? 1 + random.below(length) : length);
      return rowsToBatch(
        Array.from({ length: rows }, () => makeRow(options, random, drawn())),
        time,
      );
    },
    evaluations: options.measured.map((count) => {
      const random = draws(0, evaluationSequence + count);
      const made = Array.from({ length: options.evaluationRows }, () => makeRow(options, random, count));
      const batches = [];
      for (let at = 0; at < made.length; at += rows) {
        batches.push(rowsToBatch(made.slice(at, at + rows), Math.max(time, timeOf(count))));
      }
      return { x: count, isInside: count <= length, batches };
    }),
  };
}

function makeRow({ kind, letters, items }: CopyingOptions, random: Draws, length: number): Row {
  const letter = (): number => firstLetter + random.below(letters);
  const row = new RowBuilder().add(start);
  switch (kind) {
    case 'copying': {
      const text = Array.from({ length }, letter);
      return row
        .add(...text, bar)
        .answer(...text)
        .build();
    }
    case 'selective-copying': {
      const places = random.distinct(Math.min(items, length), length).sort((a, b) => a - b);
      const text = places.map(letter);
      const spread = new Array<number>(length).fill(blank);
      for (const [index, place] of places.entries()) spread[place] = text[index]!;
      return row
        .add(...spread, bar)
        .answer(...text)
        .build();
    }
    case 'induction': {
      const text = Array.from({ length }, letter);
      const place = random.below(length - 1);
      text[place] = bar; // the special letter
      return row
        .add(...text, bar)
        .answer(text[place + 1]!)
        .build();
    }
  }
}
