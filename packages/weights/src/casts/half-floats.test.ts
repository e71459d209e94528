import { describe, expect, it } from 'vitest';
import { castElements } from './cast-elements.js';

// Everything here is compared bit for bit: a cast has one right answer.

const all16 = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** IEEE 754 binary16 by its definition, in float64. */
function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** bfloat16 by its definition. */
function bfloat16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 7) & 255;
  const fraction = bits & 127;
  if (exponent === 255) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -133;
  return sign * (1 + fraction / 128) * 2 ** (exponent - 127);
}

/** The nearest of the format's values by search, ties to the even pattern: slow and plain. */
function nearest(value: number, valueFor: (bits: number) => number, infinity: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  let low = 0;
  let high = infinity;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (valueFor(middle) <= size) low = middle;
    else high = middle;
  }
  // Beyond the largest value the next one counts as if the exponents went on.
  const above = high === infinity ? 2 * valueFor(low) - valueFor(low - 1) : valueFor(high);
  const middle = (valueFor(low) + above) / 2;
  const roundsUp = size > middle || (size === middle && (low & 1) === 1);
  return sign | (size === Number.POSITIVE_INFINITY ? infinity : roundsUp ? high : low);
}

const formats = [
  { dtype: 'f16', valueFor: float16Value, infinity: 0x7c00, quiet: 0x200 },
  { dtype: 'bf16', valueFor: bfloat16Value, infinity: 0x7f80, quiet: 0x40 },
] as const;

describe.each(formats)('$dtype', ({ dtype, valueFor, infinity, quiet }) => {
  const widened = new Float32Array(castElements(bytesOf(all16), dtype, 'f32').buffer);
  const isNaNPattern = (bits: number): boolean => (bits & 0x7fff) > infinity;

  it('widens all 65,536 patterns to float32 exactly', () => {
    const wrong = all16.filter((bits) => !Object.is(widened[bits], valueFor(bits)));
    expect([...wrong]).toEqual([]);
  });

  it('widens all 65,536 patterns to float64 exactly', () => {
    const values = new Float64Array(castElements(bytesOf(all16), dtype, 'f64').buffer);
    expect([...all16.filter((bits) => !Object.is(values[bits], valueFor(bits)))]).toEqual([]);
  });

  it('comes back from float32 with the same bits, NaN payloads included once quiet', () => {
    const back = new Uint16Array(castElements(bytesOf(widened), 'f32', dtype).buffer);
    const wrong = all16.filter((bits) => back[bits] !== (isNaNPattern(bits) ? bits | quiet : bits));
    expect([...wrong]).toEqual([]);
  });

  it('rounds float32 to nearest even: every midpoint, and its two neighbours', () => {
    const values: number[] = [];
    for (let bits = 0; bits < infinity; bits++) {
      const above = bits + 1 === infinity ? 2 * valueFor(bits) - valueFor(bits - 1) : valueFor(bits + 1);
      const middle = Math.fround((valueFor(bits) + above) / 2);
      const pattern = new Uint32Array(new Float32Array([middle]).buffer)[0]!;
      const around = new Float32Array(
        new Uint32Array([Math.max(pattern - 1, 0), pattern, pattern + 1]).buffer,
      );
      values.push(...around, -middle);
    }
    const source = new Float32Array(values);
    const rounded = new Uint16Array(castElements(bytesOf(source), 'f32', dtype).buffer);
    const wrong = values.filter((value, index) => rounded[index] !== nearest(value, valueFor, infinity));
    expect(wrong).toEqual([]);
  });

  it('rounds float64 once: just beside every midpoint, closer than float32 can tell', () => {
    const values: number[] = [];
    for (let bits = 1; bits < infinity - 1; bits += 7) {
      const middle = (valueFor(bits) + valueFor(bits + 1)) / 2;
      values.push(middle, middle * (1 + 2 ** -50), middle * (1 - 2 ** -50), -middle * (1 + 2 ** -50));
    }
    const rounded = new Uint16Array(castElements(bytesOf(new Float64Array(values)), 'f64', dtype).buffer);
    const wrong = values.filter((value, index) => rounded[index] !== nearest(value, valueFor, infinity));
    expect(wrong).toEqual([]);
  });

  it('keeps infinities, signed zeros and NaN, and overflows to infinity', () => {
    const values = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 3.4e38, -3.4e38, 1e-46];
    for (const from of ['f32', 'f64'] as const) {
      const source = from === 'f32' ? new Float32Array(values) : new Float64Array(values);
      const bits = new Uint16Array(castElements(bytesOf(source), from, dtype).buffer);
      const expected = values.map((value) =>
        nearest(from === 'f32' ? Math.fround(value) : value, valueFor, infinity),
      );
      expect([...bits]).toEqual(expected);
      const nan = from === 'f32' ? new Float32Array([Number.NaN]) : new Float64Array([Number.NaN]);
      expect(isNaNPattern(new Uint16Array(castElements(bytesOf(nan), from, dtype).buffer)[0]!)).toBe(true);
    }
  });
});

it('rounds once between the two 16-bit floats', () => {
  const fromBfloat16 = new Uint16Array(castElements(bytesOf(all16), 'bf16', 'f16').buffer);
  const wrong = all16.filter((bits) => {
    const value = bfloat16Value(bits);
    return !Number.isNaN(value) && fromBfloat16[bits] !== nearest(value, float16Value, 0x7c00);
  });
  expect([...wrong]).toEqual([]);
});
