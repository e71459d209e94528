import { fileURLToPath } from 'node:url';
import { cpu } from '@hybra/backend-cpu';
import { losableDevice } from '@hybra/backend-testkit';
import { Runner, startGeneration } from '@hybra/generate';
import { loadModel } from '@hybra/models';
import { folderDirectory } from '@hybra/weights';
import { expect, it } from 'vitest';
import { someTokens } from './fixture-runner.js';

it('a device lost in the middle of a generation is a typed error, and everything can still be disposed of', async () => {
  const folder = fileURLToPath(new URL('../../models/test/fixtures/nemotron_h/', import.meta.url));
  const device = losableDevice(await cpu().open());
  const model = await loadModel(folderDirectory(folder), { device });
  const runner = new Runner(model);
  const generation = await startGeneration(runner, [someTokens(5)], runner.initialState());
  await generation.next();
  device.lose('pulled out');
  await expect(
    (async () => {
      for (let step = 0; step < 3; step++) await generation.next();
    })(),
  ).rejects.toMatchObject({ code: 'E_DEVICE_LOST' });
  expect((await device.lost).message).toContain('pulled out');
  generation.dispose();
  runner.dispose();
  model.dispose();
});
