import type { DType } from '@hybra/spec';
import type { OpCase } from '../../graph/op-case.js';
import { awkwardSizes, listed } from '../case-input.js';

function filled(value: number, dtype: DType, shape: readonly number[]): OpCase {
  return {
    name: `${value} as ${dtype}[${shape}]`,
    inputs: [],
    attributes: { value },
    declared: [{ dtype, shape }],
  };
}

/** Cases of `fill`. */
export const fillCases: readonly OpCase[] = [
  ...awkwardSizes.map((size) => filled(1.5, 'f32', [size])),
  filled(2, 'f32', []),
  filled(0.1, 'f64', [3, 5]),
  filled(0.1, 'f16', [33]),
  filled(0.1, 'bf16', [33]),
  filled(Number.NEGATIVE_INFINITY, 'f32', [5]),
  filled(Number.NaN, 'f32', [5]),
  filled(-7, 'i32', [33]),
  filled(4294967295, 'u32', [33]),
  filled(-128, 'i8', [33]),
  filled(255, 'u8', [33]),
  filled(1, 'bool', [33]),
];

/** Cases of `iota`. */
export const iotaCases: readonly OpCase[] = [
  ...awkwardSizes.map((size) => ({
    name: `${size} numbers`,
    inputs: [],
    attributes: { axis: 0 },
    declared: [{ dtype: 'i32' as const, shape: [size] }],
  })),
  ...[0, 1, 2].map((axis) => ({
    name: `along axis ${axis} of three`,
    inputs: [],
    attributes: { axis },
    declared: [{ dtype: 'f32' as const, shape: [3, 5, 7] }],
  })),
  { name: 'u32', inputs: [], attributes: { axis: 0 }, declared: [{ dtype: 'u32', shape: [33] }] },
];

const seeds = [1, 0, 0, 0, 1, 4294967295, 4294967295, 7, 1000000, 2, 305419896, 2596069104, 1, 5, 1];

/** Cases of `random`. */
export const randomCases: readonly OpCase[] = (['u32', 'f32'] as const).flatMap((dtype) =>
  awkwardSizes.map((count) => ({
    name: `three streams of ${count} as ${dtype}`,
    inputs: [listed(seeds, { dtype: 'u32', shape: [3, 5] })],
    declared: [{ dtype, shape: [3, count] }],
  })),
);
