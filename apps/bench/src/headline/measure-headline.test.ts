import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@hybra/backend-cpu';
import { Runner } from '@hybra/generate';
import { parameterCount } from '@hybra/models';
import type { Device } from '@hybra/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellBytes, totalBytes, weightBytes } from './cell-bytes.js';
import { headlineConfig } from './headline-models.js';
import { openResults, saveResults } from './headline-results.js';
import { type HeadlinePlan, measureHeadline } from './measure-headline.js';
import { modelOnDevice } from './model-on-device.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

function planOf(changes: Partial<HeadlinePlan>): HeadlinePlan {
  return {
    name: 'hybrid',
    size: 'tiny',
    stateDtype: 'bf16',
    contexts: [64],
    batches: [1],
    prefill: [16],
    steps: 2,
    memoryBytes: Number.POSITIVE_INFINITY,
    deadline: Number.POSITIVE_INFINITY,
    note: () => {},
    save: () => {},
    ...changes,
  };
}

describe('headlineConfig', () => {
  it("has the paper's sizes", () => {
    // paper-facts: 8.66 B and 8.54 B parameters; 24 Mamba-2, 4 attention, 28 MLP layers.
    const hybrid = headlineConfig('hybrid', '8b');
    expect(parameterCount(hybrid) / 1e9).toBeCloseTo(8.655, 2);
    const kinds = hybrid.layers.map(({ kind }) => kind);
    expect(
      ['mamba2', 'attention', 'mlp'].map((kind) => kinds.filter((each) => each === kind).length),
    ).toEqual([24, 4, 28]);
    expect(parameterCount(headlineConfig('transformer', '8b')) / 1e9).toBeCloseTo(8.54, 2);
    const attention = headlineConfig('transformer-gqa', '8b').layers[0];
    expect(attention).toMatchObject({ kind: 'attention', heads: 32, keyValueHeads: 8 });
  });
});

describe('cellBytes', () => {
  it("counts keys and values of every token and five copies of the hybrid's states", () => {
    const weights = { all: 1000, embedding: 100 };
    const transformer = modelOnDevice(device, headlineConfig('transformer', 'tiny'), 'bf16');
    // 6 layers, keys and values, 256 wide, 2 bytes
    expect(cellBytes(transformer, { context: 64, batch: 3 }, weights)).toEqual({
      weights: 1000,
      states: 3 * 64 * 6 * 2 * 256 * 2,
      readPerStep: 900 + 3 * 64 * 6 * 2 * 256 * 2,
    });
    transformer.dispose();
    const hybrid = modelOnDevice(device, headlineConfig('hybrid', 'tiny'), 'bf16');
    const runner = new Runner(hybrid, { slots: 1, capacity: 64 });
    const { constant, perToken } = runner.runtime.pools.bytesPerSlot;
    expect(cellBytes(hybrid, { context: 64, batch: 1 }, weights).states).toBe(5 * constant + 64 * perToken);
    runner.dispose();
    hybrid.dispose();
  });
});

describe('modelOnDevice', () => {
  it('gives logits that are numbers and differ', async () => {
    const model = modelOnDevice(device, headlineConfig('hybrid', 'tiny'), 'bf16');
    const runner = new Runner(model);
    const { logits, state } = await runner.forward([[1, 2, 3]], runner.initialState());
    expect([...logits.data].every(Number.isFinite)).toBe(true);
    expect(new Set(logits.data).size).toBeGreaterThan(32);
    state.dispose();
    runner.dispose();
    model.dispose();
  });
});

describe('measureHeadline', () => {
  it('measures what fits, once, and says what does not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'headline-'));
    try {
      const path = join(folder, 'results.json');
      const results = openResults(path, device.name, 'a setting');
      const save = (): void => saveResults(path, results);
      const config = headlineConfig('hybrid', 'tiny');
      const model = modelOnDevice(device, config, 'bf16');
      const enough = totalBytes(cellBytes(model, { context: 64, batch: 1 }, weightBytes(config)));
      model.dispose();
      const plan = planOf({ contexts: [64, 128], memoryBytes: enough, save });
      expect(await measureHeadline(device, results, { ...plan, deadline: 0 })).toBe(false);
      expect(results.decode).toEqual([]);
      expect(await measureHeadline(device, results, plan)).toBe(true);
      const [small, large] = results.decode;
      expect(small!.seconds).toBeGreaterThan(0);
      expect(large).toMatchObject({ context: 128, batch: 1 });
      expect(large).not.toHaveProperty('seconds');
      expect(results.prefill[0]!.tokensPerSecond).toBeGreaterThan(0);
      // Another call finds everything there, and files of other settings are refused.
      const again = openResults(path, device.name, 'a setting');
      expect(again).toEqual(results);
      expect(await measureHeadline(device, again, plan)).toBe(true);
      expect(again).toEqual(results);
      expect(() => openResults(path, device.name, 'another')).toThrow('give another --out');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('leaves out what needs more memory than there is', async () => {
    const results = { device: device.name, setting: '', decode: [], prefill: [] };
    await measureHeadline(device, results, planOf({ memoryBytes: 2 ** 20 }));
    expect(results.decode).toHaveLength(1);
    expect(results.decode[0]).not.toHaveProperty('seconds');
    expect(results.prefill[0]).not.toHaveProperty('tokensPerSecond');
  });
});
