/*
 * Multi-query associative recall (Arora et al. 2023, "Zoology"; generator: HazyResearch/zoology,
 * zoology/data/multiquery_ar.py at d88d6f5): pairs of key and value, then each key once more at a gap drawn from a
 * power law, with its value to be predicted. Other places hold a blank, as in the configurations of the paper
 * (`random_non_queries` false): random tokens would repeat keys where the vocabulary is small.
 */
import { type Draws, draws } from '../draws.js';
import { evaluationSequence } from '../rows.js';
import type { Task } from '../task.js';

/** Sizes of the task. */
export interface MqarOptions {
  /** Half of it keys, half of it values. */
  readonly vocabularySize: number;
  readonly time: number;
  /** Most pairs in training, drawn from `curriculum`. */
  readonly curriculum: readonly number[];
  readonly measured: readonly (readonly [pairs: number, time: number])[];
  readonly rows: number;
  readonly evaluationRows: number;
  readonly seed: number;
}

/** @see MqarOptions */
export function mqar(options: MqarOptions): Task {
  const { vocabularySize, time, curriculum, rows, seed } = options;
  const most = Math.max(...curriculum);
  return {
    vocabularySize,
    time,
    x: 'pairs of key and value',
    batchAt: (index) => {
      const random = draws(seed, index);
      return make(
        vocabularySize,
        { rows, time, pairs: curriculum[random.below(curriculum.length)]! },
        random,
      );
    },
    evaluations: options.measured.map(([pairs, length]) => {
      const random = draws(0, evaluationSequence + pairs);
      const count = Math.ceil(options.evaluationRows / rows);
      return {
        x: pairs,
        isInside: pairs <= most && length <= time,
        batches: Array.from({ length: count }, () =>
          make(vocabularySize, { rows, time: length, pairs }, random),
        ),
      };
    }),
  };
}

function make(vocabulary: number, sizes: { rows: number; time: number; pairs: number }, random: Draws) {
  const { rows, time, pairs } = sizes;
  const half = vocabulary / 2;
  const ids = new Int32Array(rows * time);
  const targets = new Int32Array(rows * time).fill(-1);
  const gaps = Math.floor((time - 2 * pairs) / 2);
  for (let row = 0; row < rows; row++) {
    const keys = random.distinct(pairs, half - 1).map((key) => key + 1);
    const values = random.distinct(pairs, half).map((value) => value + half);
    const at = row * time;
    for (let pair = 0; pair < pairs; pair++) {
      ids[at + 2 * pair] = keys[pair]!;
      ids[at + 2 * pair + 1] = values[pair]!;
    }
    const taken = new Set<number>();
    for (let pair = 0; pair < pairs; pair++) {
      let gap = gapFrom(random, gaps);
      while (taken.has(gap)) gap = (gap + 1) % gaps;
      taken.add(gap);
      const place = at + 2 * pairs + 2 * gap;
      ids[place] = keys[pair]!;
      ids[place + 1] = values[pair]!;
      targets[place] = values[pair]!;
    }
  }
  return { rows, time, ids, targets };
}

/** A gap from 0, with probability falling as 1 / (gap + 1): Zoology's power law with its exponent of 0.01. */
function gapFrom(random: Draws, gaps: number): number {
  const uniform = random.below(2 ** 22) / 2 ** 22;
  return Math.min(gaps - 1, Math.floor((gaps + 1) ** uniform) - 1);
}
