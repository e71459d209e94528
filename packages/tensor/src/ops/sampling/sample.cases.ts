import type { OpCase } from '../../graph/op-case.js';
import { integers, listed, normal } from '../case-input.js';

const rows = 4;
const [off, keepsAll] = [0, 1];

// temperature, top-k, top-p, min-p, repetition, presence, frequency
type Parameters = readonly [number, number, number, number, number, number, number];
const plain: Parameters = [1, off, keepsAll, off, 1, off, off];

function drawn(name: string, parameters: readonly number[], vocabulary = 257, scale = 3): OpCase {
  return {
    name,
    inputs: [
      normal([rows, vocabulary], { scale }),
      listed(parameters, { shape: [rows, 7] }),
      integers([0, 0, 1, 0, 3], [rows, vocabulary]),
      listed([7, 0, 0, 11, 1, 7, 0, 1, 12, 1, 9, 5, 2, 13, 1, 123456789, 0, 3, 14, 1], {
        dtype: 'u32',
        shape: [rows, 5],
      }),
    ],
  };
}

/** Cases of `sample`. */
export const sampleCases: readonly OpCase[] = [
  ...[1, 31, 32, 33, 255, 257].map((vocabulary) => drawn(`vocabulary of ${vocabulary}`, plain, vocabulary)),
  drawn('temperature 0 takes the largest', [0, off, keepsAll, off, 1, off, off]),
  drawn('a high temperature', [3, off, keepsAll, off, 1, off, off]),
  drawn('top-k', [1.5, 5, keepsAll, off, 1, off, off]),
  drawn('top-k of 1', [1.5, 1, keepsAll, off, 1, off, off]),
  drawn('top-k beyond the vocabulary', [1, 1000, keepsAll, off, 1, off, off]),
  drawn('top-p', [2, off, 0.6, off, 1, off, off]),
  drawn('top-p of 0 keeps the largest', [2, off, 0, off, 1, off, off]),
  drawn('min-p', [2, off, keepsAll, 0.2, 1, off, off]),
  drawn('min-p of 1 keeps the largest', [2, off, keepsAll, 1, 1, off, off]),
  drawn('repetition penalty', [1, off, keepsAll, off, 1.5, off, off]),
  drawn('presence and frequency penalty', [1, off, keepsAll, off, 1, 0.7, 0.4]),
  // At temperature 0 and with logits of size 1, each penalty alone changes the largest.
  drawn('presence penalty alone', [0, off, keepsAll, off, 1, 4, off], 257, 1),
  drawn('frequency penalty alone', [0, off, keepsAll, off, 1, off, 2], 257, 1),
  drawn('repetition penalty alone', [0, off, keepsAll, off, 4, off, off], 257, 1),
  drawn('everything at once', [0.9, 40, 0.9, 0.02, 1.2, 0.3, 0.2]),
  drawn('rows of different parameters', [
    ...plain,
    ...[0, off, keepsAll, off, 1.3, off, off],
    ...[0.7, 3, keepsAll, off, 1, off, off],
    ...[1.2, off, 0.8, 0.05, 1, 0.5, off],
  ]),
  {
    name: 'the first of equal logits at temperature 0',
    inputs: [
      listed([1, 5, 5, 2], { shape: [1, 32] }),
      listed([0, off, keepsAll, off, 1, off, off], { shape: [1, 7] }),
      integers([0], [1, 32]),
      listed([1, 2, 3, 4, 5], { dtype: 'u32', shape: [1, 5] }),
    ],
  },
  {
    name: 'tokens that −∞ forbids',
    inputs: [
      listed([1, Number.NEGATIVE_INFINITY, 2], { shape: [2, 33] }),
      listed(plain, { shape: [2, 7] }),
      integers([0], [2, 33]),
      listed([1, 2, 3, 4, 5, 6], { dtype: 'u32', shape: [2, 5] }),
    ],
  },
];
