import { describeWith, requirement } from '@hybra/testing';
import { expect, it } from 'vitest';
import { loadAddon } from '../addon/load-addon.js';
import { outputWith, random } from '../testing.js';

const loaded = loadAddon();
const addon = await requirement('native', () => (loaded.addon ? undefined : loaded.reason));

/** Repetition, presence and frequency penalty. */
type Penalties = readonly [repetition: number, presence: number, frequency: number];

async function chosen(logits: Float32Array, counts: Int32Array, penalties: Penalties): Promise<number> {
  const width = logits.length;
  const [bytes] = await outputWith(
    { threads: 1 },
    'sample',
    {},
    [
      { shape: [1, width], values: logits },
      { shape: [1, 7], values: Float32Array.of(0, 0, 1, 0, ...penalties) },
      { dtype: 'i32', shape: [1, width], values: counts },
      { dtype: 'u32', shape: [1, 5], values: Uint32Array.of(1, 2, 3, 4, 5) },
    ],
    [{ dtype: 'i32', shape: [1] }],
  );
  return new Int32Array(bytes!.buffer)[0]!;
}

function expected(
  logits: Float32Array,
  counts: Int32Array,
  [repetition, presence, frequency]: Penalties,
): number {
  const scores = Array.from(logits, (logit, index) => {
    const count = counts[index]!;
    if (count <= 0) return logit;
    const repeated = logit > 0 ? logit / Math.fround(repetition) : logit * Math.fround(repetition);
    return repeated - Math.fround(presence) - Math.fround(frequency) * count;
  });
  return scores.reduce((best, score, index) => (score > scores[best]! ? index : best), 0);
}

// The op's cases have tokens that occurred in every run of 16; here most runs have none and go by vectors.
describeWith(addon, 'the likeliest token', () => {
  it.each(
    [15, 16, 100, 5003].flatMap((width) =>
      (
        [
          [1, 0, 0],
          [1.3, 0.1, 0.2],
          [0.5, -3, 0],
        ] as const
      ).map((penalties) => ({ width, penalties })),
    ),
  )('of $width, penalties $penalties', async ({ width, penalties }) => {
    for (const [low, high] of [
      [0, 1],
      [-9, -1],
    ] as const) {
      const logits = random(width, low, high);
      const counts = new Int32Array(width);
      for (let index = 3; index < width; index += 97) counts[index] = 1 + (index % 3);
      // The largest occurred, so that a penalty changes what is chosen.
      const largest = expected(logits, new Int32Array(width), [1, 0, 0]);
      counts[largest] = 2;
      expect(await chosen(logits, counts, penalties)).toBe(expected(logits, counts, penalties));
    }
  });

  it('is the first of equal ones, wherever they lie', async () => {
    for (const places of [
      [40, 41],
      [15, 16],
      [3, 90],
      [89, 90],
    ]) {
      const logits = new Float32Array(91).fill(-1);
      for (const place of places) logits[place] = 2;
      expect(await chosen(logits, new Int32Array(91), [1, 0, 0])).toBe(places[0]);
    }
  });

  it('is never one without a number, but the first token where that has none', async () => {
    const logits = new Float32Array(64).fill(Number.NaN);
    logits[0] = Number.NEGATIVE_INFINITY;
    logits[50] = -3;
    expect(await chosen(logits, new Int32Array(64), [1, 0, 0])).toBe(50);
    logits[0] = Number.NaN;
    expect(await chosen(logits, new Int32Array(64), [1, 0, 0])).toBe(0);
  });
});
