import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { data } from '@hybra/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type HybridConfig,
  initialWeights,
  modelFromWeights,
  type PresetName,
  preset,
} from '../src/index.js';
import { largestError, positions, runModel } from './support/model-runner.js';

/** A preset cut down to a few layers, so that it runs in a moment: same designs, same kinds. */
function cut(name: PresetName, layers: readonly number[]): HybridConfig {
  const whole = preset(name, { vocabularySize: 64 });
  return { ...whole, layers: layers.map((index) => whole.layers[index]!) };
}

const small: [PresetName, number[]][] = [
  ['transformer-5m', [0, 1, 2, 3]],
  ['mamba-5m', [0, 1]],
  ['mamba2-5m', [0, 1]],
  ['mamba2-hybrid-5m', [0, 1, 6, 7]],
];

describe('presets as models', () => {
  let device: Device;
  beforeAll(async () => {
    device = await cpu().open();
  });
  afterAll(() => device.dispose());

  it.each(small)('%s runs, and step by step as in one pass', async (name, layers) => {
    const config = cut(name, layers);
    const model = await modelFromWeights(config, initialWeights(config, 3), { device });
    const ids = Array.from({ length: 19 }, (_, index) => (index * 31 + 7) % 64);
    const all = await runModel(model, { slots: 1, capacity: 32 }).forward({
      ids: [ids],
      slots: [0],
      starts: [0],
    });
    const spread = Math.sqrt(all.reduce((sum, value) => sum + value * value, 0) / all.length);
    // A fresh model says nothing much: rows of deviation 0.02 against a unit vector of 256 give 0.32.
    expect(spread).toBeGreaterThan(0.1);
    expect(spread).toBeLessThan(1);
    const stepped = runModel(model, { slots: 1, capacity: 32 });
    for (const [index, id] of ids.entries()) {
      const got = await stepped.forward({ ids: [[id]], slots: [0], starts: [index] });
      const expected = positions(all, { row: 0, time: ids.length, width: 64, from: index, to: index + 1 });
      // float32 sums in another order, on logits below 2.
      expect(largestError(got, expected)).toBeLessThan(1e-5);
    }
    model.dispose();
  });

  it('adds 1 to the weights of LayerNorm-1p, and folds decay rates, when loading', async () => {
    const transformer = cut('transformer-5m', [0, 1]);
    const weights = new Map(initialWeights(transformer, 1));
    weights.set('finalNorm.centredWeight', new Float32Array(256).fill(0.25));
    const model = await modelFromWeights(transformer, weights, { device });
    expect([...(await data(model.parameters()['finalNorm.weight']!))]).toEqual(new Array(256).fill(1.25));

    const mamba2 = cut('mamba2-5m', [0]);
    const others = new Map(initialWeights(mamba2, 1));
    others.set('layers.0.mixer.logDecay', new Float32Array(16).fill(Math.log(4)));
    const folded = await modelFromWeights(mamba2, others, { device });
    for (const rate of await data(folded.parameters()['layers.0.mixer.decay']!))
      expect(rate).toBeCloseTo(-4, 5);
  });

  it('names weights that are missing, superfluous or of another size', async () => {
    const config = cut('mamba2-5m', [0]);
    const weights = initialWeights(config, 1);
    const without = new Map([...weights].filter(([name]) => name !== 'layers.0.mixer.skip'));
    await expect(modelFromWeights(config, without, { device })).rejects.toThrow(
      /layers\.0\.mixer\.skip.*missing/,
    );
    const more = new Map([...weights, ['layers.9.mixer.skip', new Float32Array(1)] as const]);
    await expect(modelFromWeights(config, more, { device })).rejects.toThrow(/layers\.9\.mixer\.skip/);
    const short = new Map([...weights, ['layers.0.mixer.skip', new Float32Array(3)] as const]);
    await expect(modelFromWeights(config, short, { device })).rejects.toMatchObject({ code: 'E_SHAPE' });
  });

  it('refuses ids and states that do not fit', async () => {
    const config = cut('mamba2-5m', [0]);
    const model = await modelFromWeights(config, initialWeights(config, 1), { device });
    const runner = runModel({ ...model, stateSpecs: [...model.stateSpecs, {}] }, { slots: 1, capacity: 4 });
    await expect(runner.forward({ ids: [[1]], slots: [0], starts: [0] })).rejects.toMatchObject({
      code: 'E_SHAPE',
    });
  });
});
