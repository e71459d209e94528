import type { DType } from '@hybra/spec';
import type { CaseInput, CaseLayout, OpCase } from '../../graph/op-case.js';
import { integers, layouts, listed, normal, otherFloats, uniform } from '../case-input.js';

interface SsdCase {
  /** Absent for a step. */
  readonly length?: number;
  readonly chunkSize?: number;
  readonly heads?: number;
  readonly groups?: number;
  readonly size?: number;
  readonly width?: number;
  readonly slots?: readonly number[];
  readonly dt?: readonly number[];
  readonly dtype?: DType;
  readonly stateDType?: DType;
  readonly layout?: CaseLayout;
}

const poolSize = 4;

function scanned(name: string, options: SsdCase): OpCase {
  const { length, heads = 4, groups = 2, size = 3, width = 5, slots = [2, 0] } = options;
  const { dtype = 'f32', layout = 'contiguous', chunkSize = 16 } = options;
  // A float64 computation keeps float64 states, all others float32.
  const stateDType = options.stateDType ?? (dtype === 'f64' ? 'f64' : 'f32');
  const rows = length === undefined ? [slots.length] : [slots.length, length];
  const steps: CaseInput = options.dt
    ? listed(options.dt, { shape: [...rows, heads] })
    : uniform([...rows, heads], [0.001, 0.2], { layout });
  return {
    name,
    inputs: [
      normal([...rows, heads, size], { dtype, layout }),
      steps,
      uniform([heads], [-8, -0.5]),
      normal([...rows, groups, width], { dtype, layout, scale: 0.7 }),
      normal([...rows, groups, width], { dtype, scale: 0.7 }),
      normal([poolSize, heads, size, width], { dtype: stateDType }),
      integers(slots),
    ],
    ...(length !== undefined && { attributes: { chunkSize } }),
  };
}

/** Cases of `ssdChunkScan`. */
export const ssdChunkScanCases: readonly OpCase[] = [
  ...[1, 15, 16, 17, 32, 33, 65].map((length) => scanned(`${length} positions in chunks of 16`, { length })),
  scanned('257 positions in chunks of 64', { length: 257, chunkSize: 64, slots: [1], heads: 2, groups: 1 }),
  scanned('chunks of 1', { length: 5, chunkSize: 1 }),
  scanned('a chunk longer than the sequence', { length: 31, chunkSize: 256 }),
  scanned('one group', { length: 33, groups: 1 }),
  scanned('a group per head', { length: 33, groups: 4 }),
  scanned('one head', { length: 33, heads: 1, groups: 1 }),
  scanned('head size 33, state of 31', { length: 18, heads: 2, size: 33, width: 31 }),
  scanned('head size 1, state of 1', { length: 18, size: 1, width: 1 }),
  scanned('no positions', { length: 0 }),
  scanned('no rows', { length: 5, slots: [] }),
  scanned('inactive rows', { length: 18, slots: [-1, 1, 4] }),
  scanned('dt of 0 leaves the state', { length: 18, dt: [0] }),
  scanned('dt of 0 now and then', { length: 40, dt: [0, 0.1, 0, 0, 0.05] }),
  scanned('large dt forgets the state', { length: 40, dt: [30, 0.1, 5] }),
  ...layouts.map((layout) => scanned(layout, { length: 18, layout })),
  ...otherFloats.map((dtype) => scanned(dtype, { length: 33, dtype })),
  ...otherFloats.map((stateDType) => scanned(`states ${stateDType}`, { length: 18, stateDType })),
];

/** Cases of `ssdStep`. */
export const ssdStepCases: readonly OpCase[] = [
  scanned('two groups of two heads', {}),
  scanned('one group', { groups: 1 }),
  scanned('a group per head', { groups: 4 }),
  scanned('head size 33, state of 31', { size: 33, width: 31 }),
  scanned('head size 64, state of 32', { heads: 2, groups: 1, size: 64, width: 32 }),
  scanned('head size 1, state of 1', { size: 1, width: 1 }),
  scanned('no rows', { slots: [] }),
  scanned('inactive rows', { slots: [-1, 1, 4] }),
  scanned('dt of 0 leaves the state', { dt: [0] }),
  scanned('large dt forgets the state', { dt: [30, 0.1, 5] }),
  ...layouts.map((layout) => scanned(layout, { layout })),
  ...otherFloats.map((dtype) => scanned(dtype, { dtype })),
  ...otherFloats.map((stateDType) => scanned(`states ${stateDType}`, { stateDType })),
];
