import { describeWith, requirement } from '@hybra/testing';
import { expect, it } from 'vitest';
import { loadAddon } from '../addon/load-addon.js';
import { outputWith, type Place } from '../testing.js';

const loaded = loadAddon();
const addon = await requirement('native', () => (loaded.addon ? undefined : loaded.reason));

const indices = (...values: readonly number[]) => ({
  dtype: 'i32' as const,
  shape: [values.length],
  values: Int32Array.from(values),
});
const rows = indices(0, 1, 2);
const shaped = (...shapes: readonly (readonly number[])[]): Place[] => shapes.map((shape) => ({ shape }));

// Several tasks of each kernel that sums over what others compute too: rows, heads, channels, queries. Training
// resumes with the losses of an uninterrupted run on any number of threads only if these sums do not notice.
const scan = shaped([3, 150, 20, 5], [3, 150, 20], [20], [3, 150, 1, 9], [3, 150, 1, 9], [3, 20, 5, 9]);
const selective = shaped([3, 150, 300], [3, 150, 300], [300, 4], [3, 150, 4], [3, 150, 4], [3, 300, 4]);
const convolution = shaped([3, 300, 600], [600, 4], [600], [3, 3, 600]);
const attention = shaped([3, 150, 6, 8], [3, 160, 2, 8], [3, 160, 2, 8]);

const cases = [
  ['sumOfSquares', {}, shaped([100_000]), shaped([])],
  ['rmsNormGradient', { epsilon: 1e-5 }, shaped([900, 70], [70], [900, 70]), shaped([900, 70], [70])],
  [
    'gatedRmsNormGradient',
    { epsilon: 1e-5, groups: 2, normBeforeGate: false },
    shaped([900, 70], [900, 70], [70], [900, 70]),
    shaped([900, 70], [900, 70], [70]),
  ],
  [
    'causalConv1dGradient',
    { activation: 'silu' },
    [...convolution, rows, indices(300, 300, 300), ...shaped([3, 300, 600])],
    convolution,
  ],
  ['selectiveScanGradient', {}, [...selective, rows, ...shaped([3, 150, 300])], selective],
  ['ssdChunkScanGradient', { chunkSize: 64 }, [...scan, rows, ...shaped([3, 150, 20, 5])], scan],
  [
    'attentionGradient',
    { scale: 0.3, window: 0, ring: false },
    [...attention, indices(0, 1, 0), indices(0, 3, 5), indices(150, 153, 155), ...shaped([3, 150, 6, 8])],
    attention,
  ],
] as const;

describeWith(addon, 'sums of gradients', () => {
  it.each(cases)('%s: the same bits with any number of threads', async (op, attributes, inputs, outputs) => {
    const one = await outputWith({ threads: 1 }, op, attributes, inputs, outputs);
    for (const output of one.slice(0, 3)) expect(output.some((byte) => byte !== 0)).toBe(true);
    for (const threads of [2, 5]) {
      const others = await outputWith({ threads }, op, attributes, inputs, outputs);
      // Megabytes, which a matcher would compare byte by byte.
      expect(others.map((bytes, index) => Buffer.compare(bytes, one[index]!))).toEqual(one.map(() => 0));
    }
  });
});
