import { describe, expect, it } from 'vitest';
import { philox, unitFloat } from './philox.js';

describe('philox', () => {
  // Known answers published with the authors' library: Random123, tests/kat_vectors, philox4x32 10.
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('counter %j with key %j', (counter, key, expected) => {
    const block = new Uint32Array(4);
    philox(key[0]!, key[1]!, counter as [number, number, number, number], block);
    expect([...block]).toEqual(expected);
  });
});

describe('unitFloat', () => {
  it('lies strictly between 0 and 1, and float32 holds it exactly', () => {
    for (const word of [0, 1, 511, 512, 0x7fffffff, 0xffffffff]) {
      const value = unitFloat(word);
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThan(1);
      expect(Math.fround(value)).toBe(value);
    }
  });
});
