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

/** The windows on memory that are not contiguous from offset 0. */
export const layouts = ['transposed', 'strided', 'offset'] as const;

/** The float dtypes beside `f32`. */
export const otherFloats = ['f64', 'f16', 'bf16'] as const;

/** The dtypes that are not floats. */
export const integerDTypes = ['i32', 'u32', 'i8', 'u8', 'bool'] as const;

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

/** 0, 1, 2, … (truth values for `bool`) in any integer dtype. */
export function counting(shape: readonly number[], dtype: DType): CaseInput {
  return listed(dtype === 'bool' ? [0, 1, 1] : [0, 1, 2, 3, 4], { dtype, shape });
}
