import type { DType } from '@hybra/spec';
import { numberToHalf } from './half-number.js';

const limits = {
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
  i8: [-128, 127],
  u8: [0, 255],
} as const;

/** Bounds of an integer dtype, both included. */
export function integerLimits(dtype: keyof typeof limits): readonly [low: number, high: number] {
  return limits[dtype];
}

/**
 * What a host array of `dtype` stores for a number: halves as rounded bits, `bool` as 0 or 1, integers
 * truncated towards 0 and saturated (NaN gives 0), other floats as they are.
 */
export function storedNumber(dtype: DType, value: number): number {
  switch (dtype) {
    case 'f64':
    case 'f32':
      return value;
    case 'f16':
    case 'bf16':
      return numberToHalf(dtype, value);
    case 'bool':
      return value !== 0 ? 1 : 0;
    default: {
      const [low, high] = limits[dtype];
      return Number.isNaN(value) ? 0 : Math.min(Math.max(Math.trunc(value), low), high);
    }
  }
}
