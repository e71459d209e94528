import type { DType } from '@hybra/spec';
import type { CaseLayout, OpCase } from '../../graph/op-case.js';
import { integers, layouts, listed, normal, otherFloats, uniform } from '../case-input.js';

interface DeltaCase {
  readonly length: number;
  readonly chunkSize?: number;
  readonly keyHeads?: number;
  readonly heads?: number;
  readonly keySize?: number;
  readonly valueSize?: number;
  readonly slots?: readonly number[];
  readonly keys?: readonly number[];
  readonly logs?: readonly number[];
  readonly strengths?: readonly number[];
  readonly dtype?: DType;
  readonly stateDType?: DType;
  readonly layout?: CaseLayout;
}

function scanned(name: string, options: DeltaCase): OpCase {
  const { length, chunkSize = 16, keyHeads = 2, heads = 4, keySize = 5, valueSize = 3 } = options;
  const { slots = [2, 0], dtype = 'f32', layout = 'contiguous' } = options;
  const stateDType = options.stateDType ?? (dtype === 'f64' ? 'f64' : 'f32');
  const rows = [slots.length, length];
  // Keys of length about 1, as a layer makes them.
  const scale = keySize ** -0.5;
  const keys = [...rows, keyHeads, keySize];
  return {
    name,
    inputs: [
      normal(keys, { dtype, layout, scale }),
      options.keys ? listed(options.keys, { shape: keys, dtype }) : normal(keys, { dtype, layout, scale }),
      normal([...rows, heads, valueSize], { dtype, layout }),
      options.logs
        ? listed(options.logs, { shape: [...rows, heads] })
        : uniform([...rows, heads], [-1, -0.01], { layout }),
      options.strengths
        ? listed(options.strengths, { shape: [...rows, heads] })
        : uniform([...rows, heads], [0.05, 0.6]),
      normal([4, heads, keySize, valueSize], { dtype: stateDType }),
      integers(slots),
    ],
    attributes: { chunkSize },
  };
}

/** Cases of `gatedDelta`. */
export const gatedDeltaCases: readonly OpCase[] = [
  ...[1, 2, 15, 16, 17, 33].map((length) => scanned(`${length} positions in chunks of 16`, { length })),
  scanned('129 positions in chunks of 64', { length: 129, chunkSize: 64, slots: [1], heads: 2 }),
  scanned('chunks of 1', { length: 5, chunkSize: 1 }),
  scanned('chunks of 7', { length: 16, chunkSize: 7 }),
  scanned('a chunk longer than the sequence', { length: 11, chunkSize: 64 }),
  scanned('a key head per value head', { length: 18, keyHeads: 4 }),
  scanned('one key head', { length: 18, keyHeads: 1 }),
  scanned('key size 33, value size 31', { length: 18, heads: 2, keySize: 33, valueSize: 31 }),
  scanned('key size 1, value size 1', { length: 18, keySize: 1, valueSize: 1, keys: [0.5, -0.9] }),
  // Where a product of powers of the overlaps would lose all digits.
  scanned('the same key over and over', {
    length: 64,
    chunkSize: 64,
    keys: [0.5, -0.5, 0.5, 0.5, 0],
    strengths: [1],
    logs: [0],
  }),
  scanned('no positions', { length: 0 }),
  scanned('no rows', { length: 5, slots: [] }),
  scanned('inactive rows', { length: 18, slots: [-1, 1, 4] }),
  scanned('log decay and strength of 0 leave the state', { length: 18, logs: [0], strengths: [0] }),
  scanned('large decay forgets the state', { length: 20, logs: [-40, -0.1, -5] }),
  ...layouts.map((layout) => scanned(layout, { length: 18, layout })),
  ...otherFloats.map((dtype) => scanned(dtype, { length: 18, dtype })),
  ...otherFloats.map((stateDType) => scanned(`states ${stateDType}`, { length: 18, stateDType })),
];
