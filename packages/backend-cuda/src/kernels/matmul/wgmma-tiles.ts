/** Rows of a tile of y, and of k in a stage. */
export const tileRows = 128;
export const depth = 64;
const multiprocessors = 132;

/** Columns of a tile: stages in flight, and cycles that a multiprocessor takes for 64 of k, as an H200 did at 4,096³. */
const widths = {
  64: { stages: 8, cycles: 540 },
  128: { stages: 6, cycles: 770 },
  256: { stages: 4, cycles: 1490 },
} as const;

/** How a product is cut into what blocks do. */
export interface Tiling {
  readonly columns: 64 | 128 | 256;
  readonly splits: number;
  readonly stepsPerSplit: number;
  readonly items: number;
  readonly blocks: number;
  readonly sharedBytes: number;
}

/**
 * The tiling that a rough model of the device finds fastest: whole waves of blocks, and what the joining of splits costs.
 * @param steps of 64 along k, over all pairs of pieces
 */
export function tilingOf(M: number, N: number, batches: number, steps: number): Tiling {
  let best: { readonly tiling: Tiling; readonly time: number } | undefined;
  for (const columns of [256, 128, 64] as const) {
    const { stages, cycles } = widths[columns];
    const tiles = Math.ceil(M / tileRows) * Math.ceil(N / columns) * batches;
    for (let asked = 1; asked <= Math.min(8, Math.floor(steps / 4) || 1); asked++) {
      const stepsPerSplit = Math.ceil(steps / asked);
      const splits = Math.ceil(steps / stepsPerSplit);
      const items = tiles * splits;
      const waves = Math.ceil(items / multiprocessors);
      const joining = splits > 1 ? 5000 + (M * N * batches * 4 * (2 * splits + 1)) / 2000 : 0;
      const time = waves * (stepsPerSplit * cycles + 1500 + columns * 16) + joining;
      if (best && best.time <= time) continue;
      best = {
        time,
        tiling: {
          columns,
          splits,
          stepsPerSplit,
          items,
          blocks: Math.min(items, multiprocessors),
          sharedBytes: stages * (tileRows + columns) * depth * 2 + 1024,
        },
      };
    }
  }
  return best!.tiling;
}
