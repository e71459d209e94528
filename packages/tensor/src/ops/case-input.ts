import type { DType } from '@hybra/spec';
import type { CaseInput, CaseLayout } from '../graph/op-case.js';

/** What the makers of case inputs leave open. */
export interface CaseInputOptions {
  /** Default is `f32`. */
  readonly dtype?: DType;
  /** Default is `contiguous`. */
  readonly layout?: CaseLayout;
  readonly scale?: number;
  readonly mean?: number;
}

/** Extents around the widths that kernels like: nothing, one, and either side of 32 and 256. */
export const awkwardSizes = [0, 1, 31, 32, 33, 255, 257] as const;

/** An input of normally distributed elements. */
export function normal(shape: readonly number[], options: CaseInputOptions = {}): CaseInput {
  const { dtype = 'f32', layout = 'contiguous', scale = 1, mean = 0 } = options;
  return { dtype, shape, layout, values: { kind: 'normal', scale, mean } };
}

/** An input of uniformly distributed elements, from `low` to below `high`. */
export function uniform(
  shape: readonly number[],
  [low, high]: readonly [number, number],
  options: CaseInputOptions = {},
): CaseInput {
  const { dtype = 'f32', layout = 'contiguous' } = options;
  return { dtype, shape, layout, values: { kind: 'uniform', low, high } };
}

/** An input of these numbers; repeated to fill `shape` where one is given. */
export function listed(
  values: readonly number[],
  options: CaseInputOptions & { readonly shape?: readonly number[] } = {},
): CaseInput {
  const { dtype = 'f32', layout = 'contiguous', shape = [values.length] } = options;
  return { dtype, shape, layout, values: { kind: 'list', values } };
}

/** An `i32` input of these numbers: slots, lengths, positions, indices. */
export function integers(values: readonly number[], shape?: readonly number[]): CaseInput {
  return listed(values, shape === undefined ? { dtype: 'i32' } : { dtype: 'i32', shape });
}
