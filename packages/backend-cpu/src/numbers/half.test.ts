import { describe, expect, it } from 'vitest';
import { halfValue } from '../testing.js';
import { numberToHalf } from './half-number.js';
import { halfRuns } from './half-runs.js';

const halves = ['f16', 'bf16'] as const;
const every = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

function decodeAll(dtype: 'f16' | 'bf16'): { floats: Float32Array; words: Uint32Array } {
  const floats = new Float32Array(65536);
  const words = new Uint32Array(floats.buffer);
  halfRuns[dtype].decode(every, 0, words, 0, 65536);
  return { floats, words };
}

/** The half nearest to a finite value, ties to even, by looking at all of them. */
function nearest(dtype: 'f16' | 'bf16', value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const infinity = dtype === 'f16' ? 0x7c00 : 0x7f80;
  // The step past the largest finite half counts as a power of two for rounding to infinity.
  const magnitudeOf = (bits: number): number =>
    bits === infinity ? 2 ** (dtype === 'f16' ? 16 : 128) : halfValue(dtype, bits);
  let low = 0;
  let high = infinity;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (magnitudeOf(middle) <= Math.abs(value)) low = middle;
    else high = middle;
  }
  const below = Math.abs(value) - magnitudeOf(low);
  const above = magnitudeOf(high) - Math.abs(value);
  return sign | (below < above || (below === above && low % 2 === 0) ? low : high);
}

describe.each(halves)('%s', (dtype) => {
  it('decodes every bit pattern to the value that the format defines', () => {
    const { floats } = decodeAll(dtype);
    for (const bits of every) expect(floats[bits]).toBe(halfValue(dtype, bits));
  });

  it('encodes every value that a half holds to itself', () => {
    const { words } = decodeAll(dtype);
    const back = new Uint16Array(65536);
    halfRuns[dtype].encode(words, 0, back, 0, 65536);
    for (const bits of every) {
      const value = halfValue(dtype, bits);
      if (Number.isNaN(value)) expect(halfValue(dtype, back[bits]!)).toBeNaN();
      else {
        expect(back[bits]).toBe(bits);
        expect(numberToHalf(dtype, value)).toBe(bits);
      }
    }
  });

  it('rounds between neighbours to the nearest, and halfway to even', () => {
    const values: number[] = [];
    const infinity = dtype === 'f16' ? 0x7c00 : 0x7f80;
    for (let bits = 0; bits < infinity; bits += 7) {
      const low = halfValue(dtype, bits);
      const step =
        bits + 1 === infinity ? low - halfValue(dtype, bits - 1) : halfValue(dtype, bits + 1) - low;
      for (const part of [0.25, 0.5, 0.75]) values.push(low + step * part, -(low + step * part));
    }
    // Halfway points of the smallest halves of bf16 are below the normal floats, but floats still.
    const floats = Float32Array.from(values);
    const words = new Uint32Array(floats.buffer);
    const target = new Uint16Array(values.length);
    halfRuns[dtype].encode(words, 0, target, 0, values.length);
    values.forEach((value, index) => {
      expect(numberToHalf(dtype, value)).toBe(nearest(dtype, value));
      expect(target[index]).toBe(nearest(dtype, Math.fround(value)));
    });
  });

  it('keeps infinities and NaN, and overflows to infinity', () => {
    const infinity = dtype === 'f16' ? 0x7c00 : 0x7f80;
    expect(numberToHalf(dtype, Number.POSITIVE_INFINITY)).toBe(infinity);
    expect(numberToHalf(dtype, Number.NEGATIVE_INFINITY)).toBe(infinity | 0x8000);
    expect(numberToHalf(dtype, dtype === 'f16' ? 65520 : 3.4e38)).toBe(infinity);
    expect(halfValue(dtype, numberToHalf(dtype, Number.NaN))).toBeNaN();
    expect(numberToHalf(dtype, -0)).toBe(0x8000);
    expect(numberToHalf(dtype, 5e-324)).toBe(0);
  });
});

describe('numberToHalf', () => {
  it('rounds a double once, where going through float32 rounds twice', () => {
    // Just above halfway between 1 and the next bf16; float32 would round it down to halfway, then to even.
    const value = 1 + 2 ** -8 + 2 ** -40;
    expect(halfValue('bf16', numberToHalf('bf16', value))).toBe(1 + 2 ** -7);
    expect(halfValue('bf16', numberToHalf('bf16', Math.fround(value)))).toBe(1);
  });
});
