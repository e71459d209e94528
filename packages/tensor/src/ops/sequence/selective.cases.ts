import type { DType } from '@hybra/spec';
import type { CaseInput, CaseLayout, OpCase } from '../../graph/op-case.js';
import { integers, layouts, listed, normal, otherFloats, uniform } from '../case-input.js';

interface SelectiveCase {
  /** Absent for a step. */
  readonly length?: number;
  readonly channels?: number;
  readonly width?: number;
  readonly slots?: readonly number[];
  readonly dt?: readonly number[];
  readonly dtype?: DType;
  readonly stateDType?: DType;
  readonly layout?: CaseLayout;
}

const poolSize = 4;

function scanned(name: string, options: SelectiveCase): OpCase {
  const { length, channels = 5, width = 3, slots = [2, 0], dtype = 'f32', layout = 'contiguous' } = options;
  // A float64 computation keeps float64 states, all others float32.
  const stateDType = options.stateDType ?? (dtype === 'f64' ? 'f64' : 'f32');
  const rows = length === undefined ? [slots.length] : [slots.length, length];
  const steps: CaseInput = options.dt
    ? listed(options.dt, { shape: [...rows, channels] })
    : uniform([...rows, channels], [0.001, 0.2], { layout });
  return {
    name,
    inputs: [
      normal([...rows, channels], { dtype, layout }),
      steps,
      uniform([channels, width], [-8, -0.5]),
      normal([...rows, width], { dtype, layout }),
      normal([...rows, width], { dtype }),
      normal([poolSize, channels, width], { dtype: stateDType }),
      integers(slots),
    ],
  };
}

/** Cases of `selectiveScan`. */
export const selectiveScanCases: readonly OpCase[] = [
  ...[1, 2, 31, 32, 33, 63, 64, 65, 130].map((length) => scanned(`${length} positions`, { length })),
  scanned('257 positions', { length: 257, slots: [1], channels: 3 }),
  scanned('no positions', { length: 0 }),
  scanned('no rows', { length: 5, slots: [] }),
  scanned('33 channels, state of 16', { length: 9, channels: 33, width: 16 }),
  scanned('state of 1', { length: 9, width: 1 }),
  scanned('inactive rows', { length: 9, slots: [-1, 1, 4] }),
  scanned('dt of 0 leaves the state', { length: 9, dt: [0] }),
  scanned('dt of 0 now and then', { length: 70, dt: [0, 0.1, 0, 0, 0.05] }),
  scanned('large dt forgets the state', { length: 70, dt: [30, 0.1, 5] }),
  ...layouts.map((layout) => scanned(layout, { length: 7, layout })),
  ...otherFloats.map((dtype) => scanned(dtype, { length: 33, dtype })),
  ...otherFloats.map((stateDType) => scanned(`states ${stateDType}`, { length: 7, stateDType })),
];

/** Cases of `selectiveStep`. */
export const selectiveStepCases: readonly OpCase[] = [
  ...[1, 31, 32, 33, 257].map((channels) => scanned(`${channels} channels`, { channels })),
  scanned('state of 16', { width: 16 }),
  scanned('no rows', { slots: [] }),
  scanned('inactive rows', { slots: [-1, 1, 4] }),
  scanned('dt of 0 leaves the state', { dt: [0] }),
  scanned('large dt forgets the state', { dt: [30, 0.1, 5] }),
  ...layouts.map((layout) => scanned(layout, { layout })),
  ...otherFloats.map((dtype) => scanned(dtype, { dtype })),
  ...otherFloats.map((stateDType) => scanned(`states ${stateDType}`, { stateDType })),
];
