import { fileURLToPath } from 'node:url';
import { cpu } from '@hybra/backend-cpu';
import { Runner } from '@hybra/generate';
import { initialWeights, loadModel, type Model, modelFromWeights } from '@hybra/models';
import { folderDirectory } from '@hybra/weights';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lookInside } from '../src/engine/inside/look-inside.js';
import type { Inside } from '../src/engine/protocol.js';
import { tinyHybrid } from '../src/engine/tiny-hybrid.js';
import { shakespeareFolder } from './shakespeare.js';

const device = await cpu().open();
/** More than one chunk of the probe, and not a whole number of them. */
const ids = Array.from({ length: 83 }, (_, at) => (at * 37 + 11) % 200);

let model: Model;
let inside: Inside;
beforeAll(async () => {
  model = await loadModel(folderDirectory(shakespeareFolder), { device });
  inside = await lookInside(model, ids);
});
afterAll(() => model.dispose());

const weightOf = (stored: number): number => (stored / 255) ** 2;

test('an abort stops it', async () => {
  await expect(lookInside(model, ids, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'E_ABORTED',
  });
});

test('it tells of every mixer, and where it is', () => {
  const kinds = model.layerKinds;
  const layersOf = (kind: string): number[] => kinds.flatMap((each, layer) => (each === kind ? [layer] : []));
  expect(inside).toMatchObject({ from: 0, count: ids.length });
  expect(inside.recurrent.map(({ layer }) => layer)).toEqual(layersOf('mamba2'));
  expect(inside.attention.map(({ layer }) => layer)).toEqual(layersOf('attention'));
  expect(inside.recurrent.every(({ gate }) => gate !== undefined)).toBe(true);
});

test('the weights of a token are shares of what came before it', () => {
  const { heads, map } = inside.attention[0]!;
  for (let head = 0; head < heads; head++) {
    for (let query = 0; query < ids.length; query++) {
      const row = map.subarray((head * ids.length + query) * ids.length).subarray(0, ids.length);
      const sum = row.reduce((total, stored) => total + weightOf(stored), 0);
      // Each √weight is rounded to a 255th: over a row that is at most √count / 255 of the sum, by Cauchy–Schwarz.
      expect(Math.abs(sum - 1)).toBeLessThan(0.04);
      expect(row.subarray(query + 1).every((stored) => stored === 0)).toBe(true);
    }
  }
});

test('what is kept is exp(dt · A) with the decay rates of the checkpoint', () => {
  for (const { layer, rows, kept, step } of inside.recurrent) {
    const ratios = Array.from(kept, (value, at) => Math.log(value) / step[at]!);
    for (let row = 0; row < rows; row++) {
      // The same rate at every token. float32 keeps 24 bits of `kept`; near 1 its logarithm has fewer.
      const all = ratios.filter((_, at) => at % rows === row && kept[at]! < 0.99);
      for (const ratio of all) expect(ratio / all[0]!, `layer ${layer}, head ${row}`).toBeCloseTo(1, 3);
    }
    expect(kept.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(step.every((value) => value >= 0)).toBe(true);
    expect(kept.some((value) => value < 0.9)).toBe(true);
  }
});

test('the first tokens do not change what is told of them when more follow', async () => {
  const fewer = await lookInside(model, ids.slice(0, 20));
  for (const [at, { rows, kept, gate }] of fewer.recurrent.entries()) {
    const longer = inside.recurrent[at]!;
    for (const [place, value] of kept.entries()) expect(longer.kept[place]).toBeCloseTo(value, 4);
    for (const [place, value] of gate!.entries()) expect(longer.gate![place]).toBeCloseTo(value, 3);
    expect(rows).toBe(longer.rows);
  }
});

describe('what it tells is what the model does', () => {
  test('without a look the logits are as before: weights and states are not touched', async () => {
    const runner = new Runner(model);
    const before = await runner.forward([ids], runner.initialState());
    await lookInside(model, ids);
    const after = await runner.forward([ids], runner.initialState());
    expect(after.logits.data).toEqual(before.logits.data);
    runner.dispose();
  });

  test('attention copies: a head that is told to look at one token does', async () => {
    // Queries and keys of nothing: every token looks at all before it alike, 1 / (t + 1).
    const weights = new Map(initialWeights(tinyHybrid, 1));
    const query = [...weights.keys()].find((name) => name.includes('mixer.query'))!;
    weights.set(query, new Float32Array(weights.get(query)!.length));
    const even = await modelFromWeights(tinyHybrid, weights, { device });
    const { attention } = await lookInside(even, ids.slice(0, 10));
    const { heads, map } = attention[0]!;
    for (let head = 0; head < heads; head++) {
      for (let at = 0; at < 10; at++) {
        const row = Array.from(map.subarray((head * 10 + at) * 10).subarray(0, at + 1), weightOf);
        for (const weight of row) expect(weight).toBeCloseTo(1 / (at + 1), 2);
      }
    }
    even.dispose();
  });
});

test.each(['mamba', 'falcon_h1', 'zamba2', 'llama', 'jamba'])('looks into %s', async (family) => {
  const folder = fileURLToPath(new URL(`../../../packages/models/test/fixtures/${family}/`, import.meta.url));
  const other = await loadModel(folderDirectory(folder), { device });
  const seen = await lookInside(other, [1, 2, 3, 4, 5]);
  const has = (word: string): boolean =>
    other.stateSpecs.some((specs) => Object.keys(specs).some((key) => key.endsWith(word)));
  expect(seen.attention.length > 0).toBe(has('keys'));
  expect(seen.recurrent.length > 0).toBe(has('ssm'));
  expect(seen.recurrent.every(({ gate }) => gate !== undefined)).toBe(true);
  other.dispose();
});
