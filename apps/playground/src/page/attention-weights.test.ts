import { expect, test } from 'vitest';
import { shadesOf, strongest, weightRoots } from './attention-weights.js';

// Two heads over three tokens; 255 stands for √1.
const root = (weight: number): number => Math.round(255 * Math.sqrt(weight));
const map = Uint8Array.from([
  ...[1, 0, 0, 0, 1, 0, 0, 0, 1].map(root),
  ...[1, 0, 0, 0.5, 0.5, 0, 0.25, 0.75, 0].map(root),
]);
const layer = { layer: 3, heads: 2, map };

test('one head, and the mean over all', () => {
  expect(weightRoots(layer, 3, 0)[4]).toBe(1);
  const mean = weightRoots(layer, 3, undefined);
  // √weight is stored in steps of 1 / 255.
  expect(mean[3]! ** 2).toBeCloseTo(0.25, 2);
  expect(mean[4]! ** 2).toBeCloseTo(0.75, 2);
});

test('the strongest keys of a query, none after it and none that counts for nothing', () => {
  const found = strongest(weightRoots(layer, 3, 1), 3, { query: 2, most: 5 });
  expect(found.map(({ key }) => key)).toEqual([1, 0]);
  expect(strongest(weightRoots(layer, 3, undefined), 3, { query: 2, most: 1 })).toHaveLength(1);
});

test('shades are relative to the strongest of each query', () => {
  const shades = shadesOf(weightRoots(layer, 3, 1), 3);
  expect(Array.from(shades, (shade) => Number(shade.toFixed(1)))).toEqual([1, 0, 0, 1, 1, 0, 0.4, 1, 0]);
});
