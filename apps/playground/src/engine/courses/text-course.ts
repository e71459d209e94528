import { HybraError } from '@hybra/spec';
import { byteTokenizer } from '@hybra/tokenizer';
import { arrayTokens, streamBatches } from '@hybra/train';
import { tinyHybrid } from '../tiny-hybrid.js';
import type { Course } from './course.js';

const rows = 2;
const time = 64;

/** A text, byte by byte, learnt by heart. @throws E_ARGUMENT for one that is too short */
export function textCourse(text: string, seed: number): Course {
  const tokenizer = byteTokenizer();
  const bytes = tokenizer.encode(text);
  if (bytes.length <= time) {
    throw new HybraError(
      'E_ARGUMENT',
      `The text has ${bytes.length} bytes, and training needs more than ${time}. Paste a longer one.`,
      { bytes: bytes.length },
    );
  }
  const batches = streamBatches(arrayTokens(bytes), { rows, time, seed });
  return {
    config: tinyHybrid,
    tokenizer,
    rows,
    time,
    schedule: 'cosine',
    batchAt: (index) => batches.at(index),
    opening: { text: firstWords(text) },
  };
}

/** Whole words from the beginning of a text, about twenty letters of them. */
function firstWords(text: string): string {
  return /^\s*\S.{0,18}\S(?=\s|$)/.exec(text)?.[0] ?? text.slice(0, 20);
}
