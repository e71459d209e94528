import { expect, it } from 'vitest';
import { castElements } from './cast-elements.js';

const all8 = Uint8Array.from({ length: 256 }, (_, bits) => bits);
const value = (dtype: 'f8_e4m3' | 'f8_e5m2', bits: number): number =>
  new Float32Array(castElements(Uint8Array.of(bits), dtype, 'f32').buffer)[0]!;

// The rows of table 1 of arXiv 2209.05433.
it.each([
  ['f8_e4m3', 0x7e, 448],
  ['f8_e4m3', 0x08, 2 ** -6],
  ['f8_e4m3', 0x07, 0.875 * 2 ** -6],
  ['f8_e4m3', 0x01, 2 ** -9],
  ['f8_e4m3', 0x7f, Number.NaN],
  ['f8_e4m3', 0xff, Number.NaN],
  ['f8_e4m3', 0x80, -0],
  ['f8_e4m3', 0x38, 1],
  ['f8_e5m2', 0x7b, 57_344],
  ['f8_e5m2', 0x04, 2 ** -14],
  ['f8_e5m2', 0x03, 0.75 * 2 ** -14],
  ['f8_e5m2', 0x01, 2 ** -16],
  ['f8_e5m2', 0x7c, Number.POSITIVE_INFINITY],
  ['f8_e5m2', 0xfc, Number.NEGATIVE_INFINITY],
  ['f8_e5m2', 0x7d, Number.NaN],
  ['f8_e5m2', 0x80, -0],
  ['f8_e5m2', 0x3c, 1],
] as const)('%s 0x%i is %d', (dtype, bits, expected) => {
  expect(value(dtype, bits)).toBe(expected);
});

it('f8_e5m2 is the upper half of a float16, for all 256 patterns', () => {
  const halves = Uint16Array.from(all8, (bits) => bits << 8);
  const through = new Float32Array(castElements(new Uint8Array(halves.buffer), 'f16', 'f32').buffer);
  expect([...all8].filter((bits) => !Object.is(value('f8_e5m2', bits), through[bits]))).toEqual([]);
});

it('f8_e4m3 rises with its pattern, with the steps of 4 exponent and 3 fraction bits', () => {
  for (let bits = 1; bits <= 0x7e; bits++) {
    const step = 2 ** (Math.max(bits >> 3, 1) - 10);
    const below = (bits & 7) === 0 && bits > 8 ? step / 2 : step;
    expect(value('f8_e4m3', bits) - value('f8_e4m3', bits - 1)).toBe(below);
    expect(value('f8_e4m3', bits | 0x80)).toBe(-value('f8_e4m3', bits));
  }
});

it('f8 values survive f16 and bf16: both hold all of them', () => {
  for (const from of ['f8_e4m3', 'f8_e5m2'] as const) {
    for (const to of ['f16', 'bf16'] as const) {
      const back = new Float32Array(castElements(castElements(all8, from, to), to, 'f32').buffer);
      expect([...all8].filter((bits) => !Object.is(back[bits], value(from, bits)))).toEqual([]);
    }
  }
});
