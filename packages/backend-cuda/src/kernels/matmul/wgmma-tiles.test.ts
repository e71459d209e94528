import { describe, expect, it } from 'vitest';
import { tilingOf } from './wgmma-tiles.js';

describe('tilingOf', () => {
  it('gives large products wide tiles, small ones narrow tiles and several splits', () => {
    expect(tilingOf(4096, 4096, 1, 64)).toMatchObject({ columns: 256, splits: 1, blocks: 132 });
    const small = tilingOf(256, 768, 1, 24);
    expect(small.columns).toBe(64);
    expect(small.splits).toBeGreaterThan(1);
  });
  it('divides what is left after whole waves among all multiprocessors, where that pays', () => {
    // 672 tiles: five waves of 132, and 12 tiles by four blocks each.
    expect(tilingOf(2048, 10_576, 1, 40).tail).toMatchObject({ tiles: 12, splits: 4, steps: 10 });
    expect(tilingOf(4096, 4096, 1, 4).tail.tiles).toBe(0);
  });
  it.each([
    [128, 64, 1, 1],
    [300, 331, 1, 15],
    [2048, 10_576, 1, 40],
    [64, 72, 3, 47],
    [16_384, 256, 1, 96],
  ])(
    'covers every step of %d x %d x %d products of %d steps, within shared memory',
    (M, N, batches, steps) => {
      const { columns, splits, stepsPerSplit, tail, items, blocks, sharedBytes } = tilingOf(
        M,
        N,
        batches,
        steps,
      );
      // No split is empty, and together they reach the end.
      expect(splits * stepsPerSplit).toBeGreaterThanOrEqual(steps);
      expect((splits - 1) * stepsPerSplit).toBeLessThan(steps);
      const tiles = Math.ceil(M / 128) * Math.ceil(N / columns) * batches;
      expect(items).toBe(tiles * splits + tail.tiles * (tail.splits - 1));
      if (tail.tiles > 0) {
        expect(tail.splits * tail.steps).toBeGreaterThanOrEqual(steps);
        expect((tail.splits - 1) * tail.steps).toBeLessThan(steps);
        expect((tiles - tail.tiles) % 132).toBe(0);
      }
      expect(blocks).toBe(Math.min(items, 132));
      expect(sharedBytes).toBeLessThanOrEqual(227 * 1024);
    },
  );
});
