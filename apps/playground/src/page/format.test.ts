import { expect, test } from 'vitest';
import { formatBytes, formatRate, visibleText } from './format.js';

test('bytes have three digits and the unit below a thousand', () => {
  expect([0, 999, 1000, 694272, 2 ** 40].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '0.977 KiB',
    '678 KiB',
    '1 TiB',
  ]);
});

test('a rate needs tokens and time', () => {
  expect(formatRate(0, 1)).toBe('–');
  expect(formatRate(5, 0)).toBe('–');
  expect(formatRate(50, 1.6)).toBe('31.3 tok/s');
  expect(formatRate(1234, 1)).toBe('1234 tok/s');
});

test('invisible characters are shown', () => {
  expect(visibleText('\n a\t')).toBe('↵␣a⇥');
  expect(visibleText('')).toBe('(part of a character)');
});
