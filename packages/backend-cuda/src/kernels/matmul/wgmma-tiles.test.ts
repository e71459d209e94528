import { describe, expect, it } from 'vitest';
import { tilingOf } from './wgmma-tiles.js';

describe('tilingOf', () => {
  it('gives large products wide tiles, small ones narrow tiles and several splits', () => {
    expect(tilingOf(4096, 4096, 1, 64)).toMatchObject({ columns: 256, splits: 1, blocks: 132 });
    const small = tilingOf(256, 768, 1, 24);
    expect(small.columns).toBe(64);
    expect(small.splits).toBeGreaterThan(1);
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
      const { columns, splits, stepsPerSplit, items, blocks, sharedBytes } = tilingOf(M, N, batches, steps);
      // No split is empty, and together they reach the end.
      expect(splits * stepsPerSplit).toBeGreaterThanOrEqual(steps);
      expect((splits - 1) * stepsPerSplit).toBeLessThan(steps);
      expect(items).toBe(Math.ceil(M / 128) * Math.ceil(N / columns) * batches * splits);
      expect(blocks).toBe(Math.min(items, 132));
      expect(sharedBytes).toBeLessThanOrEqual(227 * 1024);
    },
  );
});
