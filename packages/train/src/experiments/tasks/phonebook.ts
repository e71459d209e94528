/*
 * A phone book in tokens, after arXiv 2406.07887, §3.3.3 (Jelassi et al. 2024, §4.3): names of two tokens, numbers
 * of some digits. Standard: the book, then a name, whose number is to be given. Reversed: the name is shown before
 * the book as well, so that it is known what to look for.
 *
 * In the paper language models that never saw the task are asked; here small models are trained on it, which is
 * easier. Names and numbers of the evaluation never occur in training.
 */

import { type Draws, draws } from '../draws.js';
import { evaluationSequence, type Row, RowBuilder, rowsToBatch } from '../rows.js';
import type { Task, TaskEvaluation } from '../task.js';

/** Sizes of the task. */
export interface PhonebookOptions {
  readonly isReversed: boolean;
  readonly digits: number;
  /** First and last names each. */
  readonly names: number;
  /** Most entries of a training book. */
  readonly entries: number;
  /** Entries of the books to be measured on. */
  readonly measured: readonly number[];
  /** Names asked for in a training row, of a book that has so many. */
  readonly questions: number;
  readonly rows: number;
  readonly evaluationRows: number;
  readonly seed: number;
}

/** Ids of the task's tokens. First names start at `firstName`, last names follow them. */
export const phonebookIds = {
  padding: 0,
  colon: 1,
  newline: 2,
  question: 3,
  remember: 4,
  firstDigit: 5,
  firstName: 15,
} as const;

const { padding, colon, newline, question, remember, firstDigit, firstName } = phonebookIds;
/** Every so many names and numbers are kept from training. */
const heldOut = 5;

/** @see PhonebookOptions */
export function phonebook(options: PhonebookOptions): Task {
  const { names, entries, digits, questions, rows, seed } = options;
  const perEntry = 2 + 1 + digits + 1;
  const lengthOf = (count: number, asked: number): number =>
    1 + (options.isReversed ? 3 : 0) + count * perEntry + asked * (1 + perEntry);
  const time = lengthOf(entries, options.isReversed ? 1 : questions);
  return {
    vocabularySize: firstName + 2 * names,
    time,
    x: 'entries in the book',
    batchAt: (index) => {
      const random = draws(seed, index);
      const made = Array.from({ length: rows }, () =>
        makeRow(options, random, 1 + random.below(entries), { isHeldOut: false, questions }),
      );
      return rowsToBatch(made, time);
    },
    evaluations: options.measured.map((count): TaskEvaluation => {
      const random = draws(0, evaluationSequence + count);
      const made = Array.from({ length: options.evaluationRows }, () =>
        makeRow(options, random, count, { isHeldOut: true, questions: 1 }),
      );
      const long = Math.max(time, lengthOf(count, 1));
      const batches = [];
      for (let at = 0; at < made.length; at += rows)
        batches.push(rowsToBatch(made.slice(at, at + rows), long));
      return { x: count, isInside: count <= entries, batches };
    }),
  };
}

function makeRow(
  { names, digits, isReversed }: PhonebookOptions,
  random: Draws,
  count: number,
  { isHeldOut, questions }: { readonly isHeldOut: boolean; readonly questions: number },
): Row {
  const book = new Map<number, number>();
  while (book.size < count) {
    const name = random.below(names * names);
    const number = random.below(10 ** digits);
    const isOurs = (value: number, share: number): boolean =>
      (mix(value + share) % heldOut === 0) === isHeldOut;
    if (isOurs(name, 0) && isOurs(number, 7919)) book.set(name, number);
  }
  const list = [...book];
  const nameOf = (name: number): number[] => [
    firstName + (name % names),
    firstName + names + Math.floor(name / names),
  ];
  const numberOf = (value: number): number[] =>
    [...String(value).padStart(digits, '0')].map((digit) => firstDigit + Number(digit));
  const asked = random.distinct(Math.min(isReversed ? 1 : questions, count), count);
  const row = new RowBuilder().add(padding);
  if (isReversed) row.add(remember, ...nameOf(list[asked[0]!]![0]));
  for (const [name, number] of list) row.add(...nameOf(name), colon, ...numberOf(number), newline);
  for (const index of asked) {
    const [name, number] = list[index]!;
    row
      .add(question, ...nameOf(name), colon)
      .answer(...numberOf(number))
      .add(newline);
  }
  return row.build();
}

/** A fixed scrambling, so that what is held out follows no pattern. */
function mix(value: number): number {
  return (Math.imul(value ^ (value >>> 3), 0x9e3779b1) >>> 8) % 65_536;
}
