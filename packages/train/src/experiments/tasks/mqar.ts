/*
 * Multi-query associative recall (Arora et al. 2023, "Zoology", arXiv 2312.04927): pairs of key and value, then keys
 * again, whose values are to be predicted.
 *
 * Their generator (HazyResearch/zoology, zoology/data/multiquery_ar.py at d88d6f5) asks for each key once and fills
 * the gaps with other tokens. Here every token after the pairs is a question, drawn from the keys of the row, and
 * answers are not shown: a row teaches as much as it has room for, so that small models learn within minutes.
 */
import { type Draws, draws } from '../draws.js';
import { evaluationSequence } from '../rows.js';
import type { Task } from '../task.js';

/** Sizes of the task. */
export interface MqarOptions {
  /** Different keys; as many different values. */
  readonly keys: number;
  /** Tokens of a row. */
  readonly time: number;
  /** Pairs of the rows of training, each as often as any other. */
  readonly pairs: readonly number[];
  /** Pairs of the rows that are measured on; rows beyond `time` are made for those that need them. */
  readonly measured: readonly number[];
  readonly rows: number;
  readonly evaluationRows: number;
  readonly seed: number;
}

/** Questions of a measured row at least. */
const questions = 16;

/** @see MqarOptions */
export function mqar(options: MqarOptions): Task {
  const { keys, time, pairs, rows, seed } = options;
  const most = Math.max(...pairs);
  return {
    vocabularySize: 2 * keys,
    time,
    x: 'pairs of key and value',
    batchAt: (index) => {
      const random = draws(seed, index);
      return make(keys, { rows, time, pairsOf: () => pairs[random.below(pairs.length)]! }, random);
    },
    evaluations: options.measured.map((count) => {
      const random = draws(0, evaluationSequence + count);
      const sizes = { rows, time: Math.max(time, 2 * count + questions), pairsOf: () => count };
      const batches = Math.ceil(options.evaluationRows / rows);
      return {
        x: count,
        isInside: count <= most,
        batches: Array.from({ length: batches }, () => make(keys, sizes, random)),
      };
    }),
  };
}

function make(keys: number, sizes: { rows: number; time: number; pairsOf: () => number }, random: Draws) {
  const { rows, time } = sizes;
  const ids = new Int32Array(rows * time);
  const targets = new Int32Array(rows * time).fill(-1);
  for (let row = 0; row < rows; row++) {
    const pairs = sizes.pairsOf();
    const chosen = random.distinct(pairs, keys);
    const values = chosen.map(() => keys + random.below(keys));
    const at = row * time;
    for (let pair = 0; pair < pairs; pair++) {
      ids[at + 2 * pair] = chosen[pair]!;
      ids[at + 2 * pair + 1] = values[pair]!;
    }
    for (let place = at + 2 * pairs; place < at + time; place++) {
      const asked = random.below(pairs);
      ids[place] = chosen[asked]!;
      targets[place] = values[asked]!;
    }
  }
  return { rows, time, ids, targets };
}
