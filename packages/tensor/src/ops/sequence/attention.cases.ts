import type { DType } from '@hybra/spec';
import type { CaseLayout, OpCase } from '../../graph/op-case.js';
import { integers, layouts, normal, otherFloats } from '../case-input.js';

interface AttentionCase {
  readonly queries?: number;
  readonly heads?: readonly [query: number, key: number];
  readonly sizes?: readonly [key: number, value: number];
  readonly pool?: readonly [slots: number, capacity: number];
  readonly slots?: readonly number[];
  readonly starts: readonly number[];
  readonly lengths: readonly number[];
  readonly window?: number;
  readonly ring?: boolean;
  readonly dtype?: DType;
  readonly cacheDType?: DType;
  readonly layout?: CaseLayout;
}

function attended(name: string, options: AttentionCase): OpCase {
  const { queries = 5, heads = [4, 2], sizes = [8, 6], pool = [3, 33], slots = [2, 0] } = options;
  const { dtype = 'f32', cacheDType = dtype, layout = 'contiguous', window = 0, ring = false } = options;
  const cache = { dtype: cacheDType };
  return {
    name,
    inputs: [
      normal([slots.length, queries, heads[0], sizes[0]], { dtype, layout }),
      normal([...pool, heads[1], sizes[0]], { ...cache, layout }),
      normal([...pool, heads[1], sizes[1]], cache),
      integers(slots),
      integers(options.starts),
      integers(options.lengths),
    ],
    attributes: { scale: 1 / Math.sqrt(sizes[0]), window, ring },
  };
}

const prefill = { starts: [0, 0], lengths: [5, 3] };
const later = { starts: [20, 7], lengths: [25, 12] };

/** Cases of `attention`. */
export const attentionCases: readonly OpCase[] = [
  attended('a first chunk', prefill),
  attended('a later chunk', later),
  attended('one query', { queries: 1, starts: [31, 0], lengths: [32, 1] }),
  attended('one key head for all', { heads: [4, 1], ...later }),
  attended('a key head for each', { heads: [3, 3], ...later }),
  attended('255 and 257 keys', {
    queries: 1,
    heads: [2, 1],
    pool: [2, 257],
    slots: [0, 1],
    starts: [254, 256],
    lengths: [255, 257],
  }),
  attended('33 queries', { queries: 33, heads: [2, 1], starts: [0, 0], lengths: [33, 31] }),
  attended('inactive rows', { ...later, slots: [-1, 3] }),
  attended('an inactive row among others', {
    slots: [1, -1, 0],
    starts: [20, 4, 7],
    lengths: [25, 9, 12],
  }),
  attended('a slot shared by two rows', { ...later, slots: [1, 1] }),
  attended('queries that see no key', { starts: [0, 3], lengths: [0, 0] }),
  attended('queries before the first key exist only in padding', { starts: [10, 10], lengths: [12, 11] }),
  attended('a window of 1', { ...later, window: 1 }),
  attended('a window of 4', { ...later, window: 4 }),
  attended('a window beyond the length', { ...later, window: 100 }),
  attended('a window past all keys', { starts: [40, 40], lengths: [10, 33], window: 8 }),
  attended('a ring not yet full', { pool: [3, 16], starts: [4, 0], lengths: [9, 5], ring: true }),
  attended('a full ring', { pool: [3, 16], starts: [40, 27], lengths: [45, 32], ring: true }),
  attended('a ring with a window', {
    pool: [3, 16],
    starts: [40, 3],
    lengths: [45, 8],
    ring: true,
    window: 7,
  }),
  attended('an empty ring', { pool: [3, 16], starts: [0, 0], lengths: [0, 0], ring: true }),
  attended('no queries', { queries: 0, ...prefill }),
  attended('no rows', { slots: [], starts: [], lengths: [] }),
  attended('no capacity', { pool: [3, 0], starts: [0, 0], lengths: [0, 0] }),
  ...layouts.map((layout) => attended(layout, { ...later, layout })),
  ...otherFloats.map((dtype) => attended(dtype, { ...later, dtype })),
  attended('f32 queries, bf16 cache', { ...later, cacheDType: 'bf16' }),
  attended('f16 queries, f32 cache', { ...later, dtype: 'f16', cacheDType: 'f32' }),
];
