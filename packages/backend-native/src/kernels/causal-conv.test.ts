import { describeWith, requirement } from '@hybra/testing';
import { expect, it } from 'vitest';
import { loadAddon } from '../addon/load-addon.js';
import { outputWith, random } from '../testing.js';

const loaded = loadAddon();
const addon = await requirement('native', () => (loaded.addon ? undefined : loaded.reason));
const isas = loaded.addon?.isas() ?? [];

// One position goes a way of its own, in place; two go through a copy of the tail. The second one here is padding.
describeWith(addon, 'a convolution of one position', () => {
  // Longer than what one task takes (16 vectors of 16), and no multiple of a vector.
  const channels = 531;
  const slots = Int32Array.of(2, -1, 0, 1);
  const lengths = Int32Array.of(1, 1, 0, 1);
  const rows = slots.length;

  it.each(isas.flatMap((isa) => [1, 2, 3, 4, 5].map((taps) => ({ isa, taps }))))(
    'equals one with padding behind it: $isa, $taps taps',
    async ({ isa, taps }) => {
      const x = random(rows * channels, -1, 1);
      const weight = random(channels * taps, -1, 1);
      const bias = random(channels, -1, 1);
      const tails = random(3 * (taps - 1) * channels, -2, 2);
      const outputsOf = async (time: number): Promise<Float32Array[]> => {
        const padded = new Float32Array(rows * time * channels).fill(7);
        for (let row = 0; row < rows; row++) {
          padded.set(x.subarray(row * channels, (row + 1) * channels), row * time * channels);
        }
        const pool = { shape: [3, taps - 1, channels] };
        const bytes = await outputWith(
          { isa, threads: 2 },
          'causalConv1d',
          { activation: 'silu' },
          [
            { shape: [rows, time, channels], values: padded },
            { shape: [channels, taps], values: weight },
            { shape: [channels], values: bias },
            { ...pool, values: tails },
            { dtype: 'i32', shape: [rows], values: slots },
            { dtype: 'i32', shape: [rows], values: lengths },
          ],
          [{ shape: [rows, time, channels] }, pool],
        );
        return bytes.map(({ buffer }) => new Float32Array(buffer));
      };
      const [y, moved] = await outputsOf(1);
      const [wide, expectedTails] = await outputsOf(2);
      expect(moved).toEqual(expectedTails);
      const expectedY = Float32Array.from(
        y!,
        (_, index) => wide![Math.floor(index / channels) * 2 * channels + (index % channels)]!,
      );
      // The same sums in the same order; a compiler may join products and sums differently.
      const worst = y!.reduce((most, value, index) => Math.max(most, Math.abs(value - expectedY[index]!)), 0);
      expect(worst).toBeLessThan(1e-6);
      if (taps > 1) expect(moved).not.toEqual(tails);
    },
  );
});
