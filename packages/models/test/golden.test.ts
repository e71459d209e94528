import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../src/index.js';
import { fixture, fixtureNames, readGolden } from './support/golden.js';
import { largestError, positions, runModel } from './support/model-runner.js';

// Logits have a deviation of 1.6. The goldens are float32 sums themselves: that of mamba lies 1.4e-4 from the same
// model in float64, and we measure 1.1e-4 against it, 4e-5 and below against the others.
const goldenTolerance = 5e-4;
// The same sums cut elsewhere. zamba2 amplifies most: 7.5e-5.
const selfTolerance = 2e-4;

describe.each(fixtureNames)('%s', (name) => {
  let device: Device;
  beforeAll(async () => {
    device = await cpu().open();
  });
  afterAll(() => device.dispose());

  it('gives the logits of the reference in one pass', async () => {
    const golden = await readGolden(fixture(name));
    const model = await loadModel(fixture(name), { device });
    const runner = runModel(model, { slots: 2, capacity: 64 });
    const logits = await runner.forward({ ids: golden.inputIds, slots: [0, 1], starts: [0, 0] });
    expect(largestError(logits, golden.logits)).toBeLessThan(goldenTolerance);
    model.dispose();
  });

  it('gives the same in padded chunks of odd lengths, in slots out of order', async () => {
    const { inputIds, logits } = await readGolden(fixture(name));
    const model = await loadModel(fixture(name), { device });
    const width = model.vocabularySize;
    const runner = runModel(model, { slots: 4, capacity: 64 });
    const starts = [0, 0];
    // Row 0 takes 5, 16, 16; row 1 takes 16, 3, 16, and both end short of 37. An inactive row rides along.
    for (const lengths of [
      [5, 16],
      [16, 3],
      [16, 16],
    ]) {
      const ids = inputIds.map((row, index) => {
        const valid = row.slice(starts[index], starts[index]! + lengths[index]!);
        return [...valid, ...new Array<number>(16 - valid.length).fill(7)];
      });
      const got = await runner.forward({
        ids: [...ids, new Array<number>(16).fill(3)],
        slots: [3, 1, -1],
        starts: [...starts, 0],
        lengths: [...lengths, 16],
      });
      for (const row of [0, 1]) {
        const [from, length] = [starts[row]!, lengths[row]!];
        const expected = positions(logits, { row, time: 37, width, from, to: from + length });
        const here = positions(got, { row, time: 16, width, from: 0, to: length });
        expect(largestError(here, expected)).toBeLessThan(goldenTolerance);
        starts[row] = from + length;
      }
    }
    model.dispose();
  });

  it('reaches the same state token by token as in one pass', async () => {
    const { inputIds } = await readGolden(fixture(name));
    const model = await loadModel(fixture(name), { device });
    const [row] = inputIds as [readonly number[]];
    const whole = runModel(model, { slots: 1, capacity: 64 });
    const all = await whole.forward({ ids: [row], slots: [0], starts: [0] });
    const stepped = runModel(model, { slots: 1, capacity: 64 });
    for (const [index, id] of row.entries()) {
      const got = await stepped.forward({ ids: [[id]], slots: [0], starts: [index] });
      const width = model.vocabularySize;
      const expected = positions(all, { row: 0, time: row.length, width, from: index, to: index + 1 });
      expect(largestError(got, expected)).toBeLessThan(selfTolerance);
    }
    for (const [layer, specs] of model.stateSpecs.entries()) {
      for (const state of Object.keys(specs)) {
        const [a, b] = [await whole.state(layer, state), await stepped.state(layer, state)];
        expect(largestError(a, b)).toBeLessThan(selfTolerance);
      }
    }
    model.dispose();
  });

  it('continues greedily as the reference does', async () => {
    const { promptIds, greedyIds } = await readGolden(fixture(name));
    const model = await loadModel(fixture(name), { device });
    const runner = runModel(model, { slots: 1, capacity: 64 });
    const width = model.vocabularySize;
    const ids = [...promptIds];
    let logits = await runner.forward({ ids: [promptIds], slots: [0], starts: [0] });
    while (ids.length < greedyIds.length) {
      const next = logits.slice(-width).reduce((best, value, id, row) => (value > row[best]! ? id : best), 0);
      ids.push(next);
      if (ids.length === greedyIds.length) break;
      logits = await runner.forward({ ids: [[next]], slots: [0], starts: [ids.length - 1] });
    }
    expect(ids).toEqual(greedyIds);
    model.dispose();
  });
});
