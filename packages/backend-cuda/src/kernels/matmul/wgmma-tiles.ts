/** Rows of a tile of y, and of k in a stage. */
export const tileRows = 128;
export const depth = 64;
const multiprocessors = 132;
/** Shared memory through which the warps store their rows. */
const stagedBytes = 8 * 16 * 36 * 4;

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
  /** The last tiles, each by several blocks that take parts of K; or none. */
  readonly tail: {
    readonly tiles: number;
    readonly splits: number;
    readonly steps: number;
    readonly bytes: number;
  };
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
          tail: noTail,
          items,
          blocks: Math.min(items, multiprocessors),
          sharedBytes: stages * (tileRows + columns) * depth * 2 + 1024 + stagedBytes,
        },
      };
    }
    const tail = tailOf(tiles, columns, steps);
    if (!tail) continue;
    const waves = Math.floor(tiles / multiprocessors);
    const time = waves * (steps * cycles + 1500 + columns * 16) + tail.time + columns * 16;
    if (best && best.time <= time) continue;
    const items = tiles + tail.tiles * (tail.splits - 1);
    best = {
      time,
      tiling: {
        columns,
        splits: 1,
        stepsPerSplit: steps,
        tail,
        items,
        blocks: multiprocessors,
        sharedBytes: stages * (tileRows + columns) * depth * 2 + 1024 + stagedBytes,
      },
    };
  }
  return best!.tiling;
}

const noTail = { tiles: 0, splits: 1, steps: 0, bytes: 0 } as const;
/** Fewest steps of a part of a tile of the tail, and bytes that the block that joins the parts reads in a cycle. */
const leastSteps = 4;
const joinedBytes = 40;

/** What is left after whole waves of tiles, in parts such that as many blocks work on it as there are multiprocessors. */
function tailOf(
  tiles: number,
  columns: 64 | 128 | 256,
  steps: number,
): (Tiling['tail'] & { readonly time: number }) | undefined {
  const left = tiles % multiprocessors;
  if (tiles < multiprocessors || left === 0) return undefined;
  const tileBytes = tileRows * columns * 4;
  let best: (Tiling['tail'] & { readonly time: number }) | undefined;
  for (
    let asked = 2;
    asked <= Math.min(Math.floor(multiprocessors / left), Math.floor(steps / leastSteps));
    asked++
  ) {
    const each = Math.ceil(steps / asked);
    const splits = Math.ceil(steps / each);
    if (splits < 2) continue;
    const time = each * widths[columns].cycles + 3000 + ((splits + 1) * tileBytes) / joinedBytes;
    if (best && best.time <= time) continue;
    best = { tiles: left, splits, steps: each, bytes: left * splits * tileBytes, time };
  }
  return best;
}
