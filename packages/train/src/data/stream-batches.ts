import { uniformStream } from '@hybra/models';
import { HybraError } from '@hybra/spec';
import type { Batch, BatchSource } from './batch.js';
import { permutation } from './permutation.js';
import type { TokenSource } from './token-source.js';

/** How windows are cut from a run of tokens. */
export interface StreamOptions {
  readonly rows: number;
  readonly time: number;
  readonly seed: number;
  /** Default is all tokens: from the first to the one before the last. */
  readonly range?: readonly [from: number, to: number];
}

/**
 * Windows of a run of tokens in random order, every one once per epoch; each epoch cuts at another offset.
 * @throws E_ARGUMENT when there are fewer than `time + 1` tokens
 */
export function streamBatches(source: TokenSource, options: StreamOptions): BatchSource {
  const { rows, time, seed, range = [0, source.length] } = options;
  const [from, to] = range;
  const windows = Math.floor((to - from - 1) / time);
  if (windows < 1) {
    throw new HybraError(
      'E_ARGUMENT',
      `data: ${to - from} tokens give no window of ${time + 1}. Use more text or shorter windows.`,
      { tokens: to - from, time },
    );
  }
  const slack = to - from - 1 - windows * time;
  let cached: { epoch: number; shift: number; order: (index: number) => number } | undefined;
  const ofEpoch = (epoch: number): NonNullable<typeof cached> => {
    if (cached?.epoch === epoch) return cached;
    const shift = Math.floor(uniformStream(seed, (2 * epoch + 1) >>> 0)() * (slack + 1));
    cached = { epoch, shift, order: permutation(windows, seed, 2 * epoch) };
    return cached;
  };
  return {
    perEpoch: windows / rows,
    fingerprint: `${source.fingerprint}:${from}-${to}`,
    at(index): Batch {
      const ids = new Int32Array(rows * time);
      const targets = new Int32Array(rows * time);
      const window = new Int32Array(time + 1);
      for (let row = 0; row < rows; row++) {
        const place = index * rows + row;
        const { shift, order } = ofEpoch(Math.floor(place / windows));
        source.read(from + shift + order(place % windows) * time, time + 1, window, 0);
        ids.set(window.subarray(0, time), row * time);
        targets.set(window.subarray(1), row * time);
      }
      return { rows, time, ids, targets };
    },
  };
}

/**
 * Windows for evaluation, spread evenly over the range so that few of them stand for all of it; the last batch may
 * have rows of −1 targets.
 * @param most batches
 */
export function evaluationBatches(
  source: TokenSource,
  options: Omit<StreamOptions, 'seed'>,
  most: number,
): Batch[] {
  const { rows, time, range = [0, source.length] } = options;
  const [from, to] = range;
  const available = Math.floor((to - from - 1) / time);
  const windows = Math.min(available, most * rows);
  const batches: Batch[] = [];
  const window = new Int32Array(time + 1);
  for (let first = 0; first < windows; first += rows) {
    const ids = new Int32Array(rows * time);
    const targets = new Int32Array(rows * time).fill(-1);
    for (let row = 0; row < Math.min(rows, windows - first); row++) {
      const index = Math.floor(((first + row) * available) / windows);
      source.read(from + index * time, time + 1, window, 0);
      ids.set(window.subarray(0, time), row * time);
      targets.set(window.subarray(1), row * time);
    }
    batches.push({ rows, time, ids, targets });
  }
  return batches;
}
