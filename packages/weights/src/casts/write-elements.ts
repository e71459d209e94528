import { type DType, hostView, isFloat } from '@hybra/spec';
import { floatBits } from './bits.js';
import { bfloat16Bits, float16Bits } from './half-floats.js';
import type { ElementRange } from './read-elements.js';
import { float32BitsToOdd } from './round-to-odd.js';

const integerLimits = {
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
  i8: [-128, 127],
  u8: [0, 255],
} as const satisfies Partial<Record<DType, readonly [low: number, high: number]>>;

/**
 * Writes elements as `dtype`. Floats round once, to nearest even. To integers, floats truncate towards 0 and saturate,
 * NaN gives 0, and integers wrap (`wraps`). To bool: whether the element is not 0.
 */
export function writeElements(
  values: Float64Array,
  dtype: DType,
  { range, wraps }: { readonly range: ElementRange; readonly wraps: boolean },
): void {
  const target = hostView(dtype, range.buffer, range.byteOffset, range.count);
  if (dtype === 'f16' || dtype === 'bf16') {
    const round = dtype === 'f16' ? float16Bits : bfloat16Bits;
    const window = floatBits();
    for (let index = 0; index < values.length; index++) {
      target[index] = round(float32BitsToOdd(values[index]!, window));
    }
  } else if (dtype === 'bool') {
    for (let index = 0; index < values.length; index++) target[index] = values[index] === 0 ? 0 : 1;
  } else if (isFloat(dtype) || wraps) {
    // The conversions of typed arrays: to nearest even for floats, modulo 2ⁿ for integers (ECMA-262, 7.1.6 ff.).
    target.set(values);
  } else {
    const [low, high] = integerLimits[dtype as keyof typeof integerLimits];
    for (let index = 0; index < values.length; index++) {
      const value = Math.trunc(values[index]!);
      target[index] = Number.isNaN(value) ? 0 : Math.min(high, Math.max(low, value));
    }
  }
}
