import type { DType } from '@hybra/spec';
import type { CaseLayout, OpCase } from '../../graph/op-case.js';
import { integers, layouts, listed, normal, otherFloats, uniform } from '../case-input.js';

interface RgLruCase {
  readonly length: number;
  readonly width?: number;
  readonly slots?: readonly number[];
  readonly logs?: readonly number[];
  readonly dtype?: DType;
  readonly stateDType?: DType;
  readonly layout?: CaseLayout;
}

function scanned(name: string, options: RgLruCase): OpCase {
  const { length, width = 5, slots = [2, 0], dtype = 'f32', layout = 'contiguous' } = options;
  const shape = [slots.length, length, width];
  const stateDType = options.stateDType ?? (dtype === 'f64' ? 'f64' : 'f32');
  return {
    name,
    inputs: [
      normal(shape, { dtype, layout }),
      options.logs ? listed(options.logs, { shape }) : uniform(shape, [-3, -0.001], { layout }),
      normal([4, width], { dtype: stateDType }),
      integers(slots),
    ],
  };
}

/** Cases of `rgLru`. */
export const rgLruCases: readonly OpCase[] = [
  ...[1, 2, 31, 33, 255, 257].map((length) => scanned(`${length} positions`, { length })),
  scanned('one channel', { length: 9, width: 1 }),
  scanned('no positions', { length: 0 }),
  scanned('no rows', { length: 5, slots: [] }),
  scanned('inactive rows', { length: 18, slots: [-1, 1, 4] }),
  scanned('a decay of 1 leaves the state', { length: 18, logs: [0] }),
  scanned('a decay of 0 forgets the state', { length: 18, logs: [-0.1, Number.NEGATIVE_INFINITY, -0.5] }),
  scanned('decays close to 1', { length: 40, logs: [-1e-6, -1e-4, -1e-5] }),
  ...layouts.map((layout) => scanned(layout, { length: 18, layout })),
  ...otherFloats.map((dtype) => scanned(dtype, { length: 33, dtype })),
  ...otherFloats.map((stateDType) => scanned(`states ${stateDType}`, { length: 18, stateDType })),
];
