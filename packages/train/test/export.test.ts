import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@hybra/backend-cpu';
import { type HybridConfig, initialWeights, loadWeights, parseConfig, preset } from '@hybra/models';
import type { Device } from '@hybra/spec';
import { folderDirectory } from '@hybra/weights';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { arrayTokens, createTrainer, exportModel, huggingFaceConfig, streamBatches } from '../src/index.js';
import { countingTokens, tinyHybrid, tinyNemotron } from './tiny-model.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

const pureMamba: HybridConfig = {
  ...tinyHybrid,
  family: 'mamba',
  layers: [tinyHybrid.layers[4]!, tinyHybrid.layers[4]!],
  isTied: true,
};
const pureMamba2: HybridConfig = { ...tinyHybrid, family: 'mamba2', layers: [tinyHybrid.layers[0]!] };
const llama: HybridConfig = {
  ...tinyHybrid,
  family: 'llama',
  contextLength: 64,
  layers: [
    {
      ...(tinyHybrid.layers[2] as object),
      rope: { rotarySize: 4, theta: 10_000, scaling: { kind: 'none' } },
    } as HybridConfig['layers'][number],
    { kind: 'mlp', innerSize: 24, activation: 'silu', gated: true, bias: false },
  ],
};

it('refuses a model that no layout holds, before anything is written', async () => {
  expect(() => huggingFaceConfig(tinyHybrid)).toThrow(/has layers mamba2, mlp, attention, mamba/);
  expect(() => huggingFaceConfig(preset('transformer-5m'))).toThrow(
    expect.objectContaining({ code: 'E_CONFIG' }),
  );
  const differing = {
    ...tinyNemotron,
    layers: [...tinyNemotron.layers, { ...tinyNemotron.layers[1]!, innerSize: 8 }],
  } as HybridConfig;
  expect(() => huggingFaceConfig(differing)).toThrow(/mlp layers differ/);
});

for (const config of [tinyNemotron, pureMamba, pureMamba2, llama]) {
  it(`writes ${config.family} so that it is read back with the same losses`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hybra-export-'));
    const data = streamBatches(arrayTokens(countingTokens(500)), { rows: 2, time: 12, seed: 1 });
    const options = { device, batch: 2, time: 12 };
    const trained = await createTrainer({ ...options, config, weights: initialWeights(config, 3) });
    for (let step = 0; step < 3; step++) await trained.takeStep(data.at(step), 1e-2);
    await exportModel(folder, config, await trained.weights());

    const loaded = await loadWeights(folderDirectory(folder));
    expect({ ...loaded.config, family: '', contextLength: 0 }).toEqual({
      ...config,
      family: '',
      contextLength: 0,
    });
    const again = await createTrainer({ ...options, ...loaded });
    // The same float32 weights in the same operations.
    expect(await again.meanLoss([data.at(9)])).toBe(await trained.meanLoss([data.at(9)]));
    for (const each of [trained, again]) each.dispose();
  });
}

it('writes configurations of the presets that parse to the same layers', () => {
  for (const name of ['mamba-5m', 'mamba2-5m', 'mamba2-hybrid-5m'] as const) {
    const config = preset(name);
    expect(parseConfig(huggingFaceConfig(config)).layers).toEqual(config.layers);
  }
});
