import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { familyOf, loadModel, type Model, modelFromWeights } from '../src/index.js';
import { largestError, runModel } from './support/model-runner.js';
import { variants } from './support/variants.js';
import { livelyWeights, writtenCheckpoint } from './support/written-checkpoint.js';

describe.each(Object.entries(variants))('%s', (_, json) => {
  let device: Device;
  beforeAll(async () => {
    device = await cpu().open();
  });
  afterAll(() => device.dispose());

  const ids = Array.from({ length: 11 }, (_, index) => (index * 17 + 3) % 40);

  function logits(model: Model): Promise<Float32Array> {
    return runModel(model, { slots: 1, capacity: 16 }).forward({ ids: [ids], slots: [0], starts: [0] });
  }

  it('written under the names of its family loads as the same model', async () => {
    const config = familyOf(json).parseConfig(json);
    const weights = livelyWeights(config);
    const loaded = await loadModel(await writtenCheckpoint(json, weights), { device });
    const made = await modelFromWeights(config, weights, { device });
    expect(loaded.fingerprint).toBe(made.fingerprint);
    expect(await logits(loaded)).toEqual(await logits(made));
  });

  it('uses every one of its parameters', async () => {
    const config = familyOf(json).parseConfig(json);
    const weights = livelyWeights(config);
    const before = await logits(await modelFromWeights(config, weights, { device }));
    // Softmax does not see a bias that all keys share, unless they are rotated by different angles.
    const isRotated = JSON.stringify(config).includes('rotarySize');
    const isInvisible = (name: string) => name.endsWith('key.bias') && !isRotated;
    for (const name of weights.keys()) {
      const moved = new Map(weights).set(
        name,
        weights.get(name)!.map((value) => value * 1.5 + 0.25),
      );
      const after = await logits(await modelFromWeights(config, moved, { device }));
      const error = largestError(after, before);
      if (isInvisible(name)) expect(error, name).toBeLessThan(1e-5);
      else expect(error, name).toBeGreaterThan(1e-6); // an unused one changes no bit
    }
  });

  it('gives the same step by step', async () => {
    const config = familyOf(json).parseConfig(json);
    const model = await modelFromWeights(config, livelyWeights(config), { device });
    const all = await logits(model);
    const stepped = runModel(model, { slots: 1, capacity: 16 });
    for (const [index, id] of ids.entries()) {
      const got = await stepped.forward({ ids: [[id]], slots: [0], starts: [index] });
      expect(largestError(got, all.slice(index * 40, (index + 1) * 40))).toBeLessThan(2e-5);
    }
  });
});
