import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { sha256 } from './sha256.js';

it('is that of FIPS 180-4 for "abc"', () => {
  expect(sha256(new TextEncoder().encode('abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

it("is Node's at every length around a block's end, and of a window on other bytes", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, index) => (index * 71) % 256);
  for (const length of [0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 127, 128, 293]) {
    const window = bytes.subarray(7, 7 + length);
    expect(sha256(window), `${length} bytes`).toBe(createHash('sha256').update(window).digest('hex'));
  }
});
