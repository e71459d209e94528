import { expect, it } from 'vitest';
import { skipList } from './skip-list.js';

it('finds the longest entry, whole names only, and tells what was of no use', () => {
  const list = skipList({ softmax: 'slow', 'softmax: length 257': 'known', soft: 'no such op' });
  expect(list.reasonFor(['softmax', 'length 257', 'native'])).toBe('known');
  expect(list.reasonFor(['softmax', 'length 1', 'native'])).toBe('slow');
  expect(list.reasonFor(['toString'])).toBeUndefined();
  expect(list.unused()).toEqual(['soft']);
});
