import type { HybridConfig } from '@hybra/models';
import type { Tokenizer } from '@hybra/tokenizer';
import { type Batch, measure, phonebook } from '@hybra/train';
import { tinyHybrid } from '../tiny-hybrid.js';
import type { Course } from './course.js';
import { phonebookNames, phonebookTokenizer } from './phonebook-tokenizer.js';

const rows = 16;
const entries = 3;
const digits = 2;
const hiddenSize = 32;

/**
 * Phone books of up to three names (arXiv 2406.07887, §3.3.3): whose number is it? Names and numbers that are
 * asked for in the examination never occur in training, so that nothing can be known by heart.
 */
export function phonebookCourse(seed: number): Course {
  const task = phonebook({
    isReversed: false,
    digits,
    names: phonebookNames[0]!.length,
    entries,
    measured: [entries],
    questions: entries,
    rows,
    evaluationRows: 2 * rows,
    seed,
  });
  const tokenizer = phonebookTokenizer();
  const { text, answer } = exampleOf(task.evaluations[0]!.batches[0]!, tokenizer);
  return {
    config: phonebookHybrid(task.vocabularySize),
    tokenizer,
    rows,
    time: task.time,
    schedule: 'wsd',
    batchAt: task.batchAt,
    examination: {
      every: 25,
      accuracy: async (trainer) => (await measure(trainer, task))[0]!.exact,
    },
    opening: {
      text,
      hint: `The book says ${answer}. Neither this name nor this number occurred in training.`,
      temperature: 0,
      maxTokens: digits,
    },
  };
}

/** A book of the examination in which no number occurs twice, up to the question, and its answer. */
function exampleOf({ rows: count, time, ids, targets }: Batch, tokenizer: Tokenizer) {
  const examples = Array.from({ length: count }, (_, row) => {
    const answers = targets.subarray(row * time, (row + 1) * time);
    const asked = answers.findIndex((target) => target >= 0);
    return {
      text: tokenizer.decode(ids.subarray(row * time, row * time + asked + 1)),
      answer: tokenizer.decode(answers.subarray(asked, asked + digits)),
    };
  });
  return examples.find(({ text, answer }) => text.split(answer).length === 2) ?? examples[0]!;
}

/** Attention twice: a model without it learns this far more slowly. Half as wide as the one for texts. */
function phonebookHybrid(vocabularySize: number): HybridConfig {
  const narrow = tinyHybrid.layers.map((layer) => {
    if (layer.kind === 'mamba2') return { ...layer, heads: (2 * hiddenSize) / layer.headSize };
    if (layer.kind === 'attention') return { ...layer, heads: hiddenSize / layer.headSize, keyValueHeads: 1 };
    return layer;
  });
  const [mamba2, , attention] = narrow as [(typeof narrow)[number], unknown, (typeof narrow)[number]];
  return { ...tinyHybrid, vocabularySize, hiddenSize, layers: [mamba2, attention, mamba2, attention] };
}
