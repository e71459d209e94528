import { describe, expect, it } from 'vitest';
import { cpu } from '../../backend.js';
import { philox, unitFloat } from '../../numbers/philox.js';
import { runCall, seeded, tensor } from '../../testing.js';

const neutral = { temperature: 1, topK: 0, topP: 1, minP: 0, repetition: 1, presence: 0, frequency: 0 };
type Parameters = typeof neutral;

/** Samples `rows` rows of the same logits at positions 0, 1, … */
async function sample(
  logits: readonly number[],
  parameters: Partial<Parameters>,
  rows = 1,
  counts: readonly number[] = logits.map(() => 0),
): Promise<number[]> {
  const { temperature, topK, topP, minP, repetition, presence, frequency } = { ...neutral, ...parameters };
  const row = [temperature, topK, topP, minP, repetition, presence, frequency];
  const width = logits.length;
  const repeated = (values: readonly number[]): number[] => Array.from({ length: rows }, () => values).flat();
  const stream = Array.from({ length: rows }, (_, position) => [11, 22, 3, position, 1]).flat();
  const device = await cpu().open();
  const [ids] = await runCall(device, {
    op: 'sample',
    inputs: [
      tensor('f32', [rows, width], repeated(logits)),
      tensor('f32', [rows, 7], repeated(row)),
      tensor('i32', [rows, width], repeated(counts)),
      tensor('u32', [rows, 5], stream),
    ],
    outputs: [{ dtype: 'i32', shape: [rows] }],
  });
  return ids!;
}

/** Share of each token in many draws. */
async function shares(logits: readonly number[], parameters: Partial<Parameters>): Promise<number[]> {
  const rows = 4000;
  const ids = await sample(logits, parameters, rows);
  return logits.map((_, token) => ids.filter((id) => id === token).length / rows);
}

describe('sample', () => {
  it('takes the first largest at temperature 0, whatever else is set', async () => {
    expect(await sample([1, 3, 3, 2], { temperature: 0, topK: 1, minP: 1 })).toEqual([1]);
  });

  it('is Gumbel-max over the words of `random`', async () => {
    const logits = seeded(33);
    const block = new Uint32Array(4);
    const expected = Array.from({ length: 20 }, (_, position) => {
      const scores = logits.map((logit, token) => {
        philox(11, 22, [Math.floor(token / 4), position, 3, 1], block);
        return logit / Math.fround(0.7) - Math.log(-Math.log(unitFloat(block[token % 4]!)));
      });
      return scores.indexOf(Math.max(...scores));
    });
    expect(await sample(logits, { temperature: 0.7 }, 20)).toEqual(expected);
  });

  it('draws with the probabilities of the softmax', async () => {
    const probabilities = [0.5, 0.3, 0.15, 0.05];
    const got = await shares(probabilities.map(Math.log), {});
    // Three standard deviations of a share of 4000 draws are at most 0.024.
    got.forEach((share, token) => {
      expect(Math.abs(share - probabilities[token]!)).toBeLessThan(0.025);
    });
  });

  it('keeps the k largest, the first of equals', async () => {
    const got = await shares([1, 2, 2, 2], { topK: 2 });
    expect([got[0], got[3]]).toEqual([0, 0]);
    expect(got[1]).toBeGreaterThan(0.4);
    expect(got[2]).toBeGreaterThan(0.4);
  });

  it('keeps the token that crosses top-p, and always one', async () => {
    const logits = [0.5, 0.3, 0.15, 0.05].map(Math.log);
    const kept = (got: readonly number[]): boolean[] => got.map((share) => share > 0);
    expect(kept(await shares(logits, { topP: 0.6 }))).toEqual([true, true, false, false]);
    expect(kept(await shares(logits, { topP: 0.4 }))).toEqual([true, false, false, false]);
    expect(kept(await shares(logits, { topP: 0 }))).toEqual([true, false, false, false]);
  });

  it('measures top-p after top-k, on what top-k left', async () => {
    // Of all, the first has 0.4 < 0.5 of the mass; of the first two, 0.57.
    const got = await shares([0.4, 0.3, 0.3].map(Math.log), { topK: 2, topP: 0.5 });
    expect(got).toEqual([1, 0, 0]);
  });

  it('keeps what is at least min-p times the likeliest', async () => {
    const got = await shares([0.5, 0.3, 0.15, 0.05].map(Math.log), { minP: 0.2 });
    expect(got.map((share) => share > 0)).toEqual([true, true, true, false]);
  });

  it('applies penalties to tokens that occurred, before everything else', async () => {
    const greedy = { temperature: 0 };
    const counts = [2, 0, 0];
    expect(await sample([4, 3, 1], { ...greedy, repetition: 2 }, 1, counts)).toEqual([1]);
    expect(await sample([-1, -1.5, -9], { ...greedy, repetition: 2 }, 1, counts)).toEqual([1]);
    expect(await sample([4, 3, 1], { ...greedy, presence: 0.9 }, 1, counts)).toEqual([0]);
    expect(await sample([4, 3, 1], { ...greedy, presence: 1.1 }, 1, counts)).toEqual([1]);
    expect(await sample([4, 3, 1], { ...greedy, frequency: 0.6 }, 1, counts)).toEqual([1]);
    expect(await sample([4, 3, 1], { ...greedy, frequency: 0.4 }, 1, counts)).toEqual([0]);
  });
});
