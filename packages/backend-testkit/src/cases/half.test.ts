import { expect, it } from 'vitest';
import { bfloat16Bits, float16Bits, fromBfloat16Bits, fromFloat16Bits } from './half.js';

it('keeps every f16 and bf16 through a number and back', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const half = fromFloat16Bits(bits);
    if (!Number.isNaN(half)) expect(float16Bits(half)).toBe(bits);
    const brain = fromBfloat16Bits(bits);
    if (!Number.isNaN(brain)) expect(bfloat16Bits(brain)).toBe(bits);
  }
});

it.each([
  [1 + 2 ** -11, 0x3c00], // a tie goes to the even one below
  [1 + 3 * 2 ** -11, 0x3c02], // and to the even one above
  [65519.99, 0x7bff],
  [65520, 0x7c00],
  [-(2 ** -25), 0x8000], // half of the smallest subnormal
  [2 ** -24, 0x0001],
  [Number.NaN, 0x7e00],
])('rounds %d to f16 %i', (value, bits) => {
  expect(float16Bits(value)).toBe(bits);
});

it.each([
  [1 + 2 ** -8, 0x3f80],
  [1 + 3 * 2 ** -8, 0x3f82],
  [Number.NEGATIVE_INFINITY, 0xff80],
  [Number.NaN, 0x7fc0],
])('rounds %d to bf16 %i', (value, bits) => {
  expect(bfloat16Bits(value)).toBe(bits);
});
