import { contiguousStrides, elementCount } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { reshapedStrides } from './reshaped-strides.js';

/** Places of the elements of a window, in its order. */
function places(shape: readonly number[], strides: readonly number[]): number[] {
  const steps = contiguousStrides(shape);
  return Array.from({ length: elementCount(shape) }, (_, index) =>
    shape.reduce(
      (sum, extent, axis) => sum + (Math.floor(index / steps[axis]!) % extent) * strides[axis]!,
      0,
    ),
  );
}

describe('reshapedStrides', () => {
  it.each([
    ['splits the axis of a slice', [2, 3, 8], [60, 20, 1], [2, 3, 2, 4]],
    ['splits an axis between others', [2, 6, 5], [100, 10, 1], [2, 3, 2, 5]],
    ['merges what lies side by side', [2, 3, 4, 5], [120, 40, 5, 1], [6, 20]],
    ['keeps a repeated axis', [3, 4, 5], [5, 0, 1], [3, 2, 2, 5]],
    ['merges repeated axes', [2, 3, 4], [0, 0, 1], [6, 4]],
    ['puts in and takes out axes of 1', [2, 1, 4], [9, 77, 2], [1, 2, 2, 1, 2]],
    ['does what it can of everything', [4, 6], [100, 2], [2, 2, 3, 1, 2]],
  ])('%s', (_, shape, strides, wanted) => {
    const got = reshapedStrides({ shape, strides }, wanted);
    expect(got).toBeDefined();
    expect(places(wanted, got!)).toEqual(places(shape, strides));
  });

  it.each([
    ['axes that do not lie side by side', [3, 4], [10, 1], [12]],
    ['a transposition', [3, 4], [1, 3], [12]],
    ['an extent across two runs', [4, 6], [100, 2], [8, 3]],
    ['a repeated axis and another', [2, 3], [0, 1], [6]],
  ])('cannot merge %s', (_, shape, strides, wanted) => {
    expect(reshapedStrides({ shape, strides }, wanted)).toBeUndefined();
  });

  it('agrees with copying on every shape of some windows', () => {
    const windows = [
      { shape: [2, 4, 6], strides: [48, 12, 1] },
      { shape: [2, 4, 6], strides: [24, 6, 1] },
      { shape: [2, 4, 6], strides: [1, 12, 2] },
      { shape: [2, 4, 6], strides: [0, 6, 1] },
    ];
    let views = 0;
    for (const { shape, strides } of windows) {
      for (const wanted of [
        [48],
        [8, 6],
        [2, 24],
        [2, 2, 2, 6],
        [4, 12],
        [2, 4, 3, 2],
        [16, 3],
        [2, 1, 4, 6, 1],
      ]) {
        const got = reshapedStrides({ shape, strides }, wanted);
        if (!got) continue;
        views++;
        expect(places(wanted, got)).toEqual(places(shape, strides));
      }
    }
    expect(views).toBeGreaterThan(16);
  });
});
