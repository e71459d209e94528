import { expect, it } from 'vitest';
import { spreadWorkgroups } from './spread-workgroups.js';

it.each([
  [0, [0, 1, 1]],
  [65535, [65535, 1, 1]],
  [65536, [32768, 2, 1]],
  [200_001, [50_001, 4, 1]],
])('spreads %d workgroups over dimensions of at most 65535', (count, expected) => {
  expect(spreadWorkgroups([count, 1, 1])).toEqual(expected);
});

it('refuses to spread what has rows already', () => {
  expect(() => spreadWorkgroups([70_000, 2, 1])).toThrow(/cannot be spread/);
});
