import { argmax, cumulativeSum, max, sort, sum } from './along-axes.js';
import { cast, copy, select } from './choosing.js';
import { binary, unary } from './elementwise.js';
import { concat, gatherRows, pad, scatterAddRows, writeRows } from './indexing.js';
import type { Kernel, Run } from './kernel.js';
import { fill, iota, random } from './making.js';
import { matmul } from './matmul.js';

const named: Readonly<Record<string, Run>> = {
  ...unary,
  ...binary,
  cast,
  copy,
  select,
  sum,
  max,
  argmax,
  cumulativeSum,
  sort,
  matmul,
  gatherRows,
  concat,
  pad,
  fill,
  iota,
  random,
};

/** A kernel for every mandatory op. */
export const kernels: ReadonlyMap<string, Kernel> = new Map<string, Kernel>([
  ...Object.entries(named).map(([op, run]): [string, Kernel] => [op, { run }]),
  ['scatterAddRows', { run: scatterAddRows, inPlace: [[0, 0]] }],
  ['writeRows', { run: writeRows, inPlace: [[0, 0]] }],
]);
