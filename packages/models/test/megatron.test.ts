import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { bytesDirectory, type Directory, openCheckpoint, readJson } from '@hybra/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { torchFile } from '../../weights/test/torch-file.js';
import { megatronFile, modelFromCheckpoint, openMegatron } from '../src/index.js';
import { fixture, readGolden } from './support/golden.js';
import { megatronFiles } from './support/megatron-files.js';
import { runModel } from './support/model-runner.js';

const folders = (files: readonly Uint8Array[]): Directory[] =>
  files.map((bytes) => bytesDirectory({ [megatronFile]: bytes }));

describe('openMegatron', () => {
  let device: Device;
  beforeAll(async () => {
    device = await cpu().open();
  });
  afterAll(() => device.dispose());

  // GELU and a norm over each of two groups, as the paper's 8B hybrid has them.
  it.each([1, 2])('gives the model that was cut over %i ranks', async (ranks) => {
    const { inputIds } = await readGolden(fixture('nemotron_h'));
    const json = (await readJson(fixture('nemotron_h'), 'config.json')) as Record<string, unknown>;
    const weights = await openCheckpoint(fixture('nemotron_h'));
    const config = { ...json, mlp_hidden_act: 'gelu', time_step_min: 0, chunk_size: 128 };
    const expected = await modelFromCheckpoint({ config, weights }, { device });
    await weights.close();

    const checkpoint = await openMegatron(folders(await megatronFiles(ranks)));
    const model = await modelFromCheckpoint(checkpoint, { device });
    await checkpoint.weights.close();

    const logits = (each: typeof model) =>
      runModel(each, { slots: 1, capacity: 64 }).forward({ ids: [inputIds[0]!], slots: [0], starts: [0] });
    expect(await logits(model)).toEqual(await logits(expected));
  });

  it('refuses files of other ranks, of no rank, and of another program', async () => {
    const [first, second] = await megatronFiles(2);
    const [whole] = await megatronFiles(1);
    await expect(openMegatron([])).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    await expect(openMegatron([bytesDirectory({})])).rejects.toThrow(/there is no model_optim_rng.pt/);
    await expect(openMegatron(folders([first!, whole!]))).rejects.toThrow(/on rank 1 and .* on rank 0/);
    await expect(openMegatron(folders([first!, second!, first!]))).rejects.toThrow(/do not divide over 3/);
    await expect(openMegatron(folders([torchFile({ state: {} })]))).rejects.toThrow(/has no model/);
    const args = { hidden_size: 64, num_attention_heads: 4, mamba_head_dim: 16, mamba_state_dim: 32 };
    const conv = { shape: [9, 1, 4], bytes: new Uint8Array(144) };
    const other = torchFile({ args, model: { 'decoder.layers.0.mixer.conv1d.weight': conv } });
    await expect(openMegatron(folders([other]))).rejects.toThrow(/its args speak of/);
    const strange = torchFile({ args, model: { 'decoder.layers.0.lstm.weight': conv } });
    await expect(openMegatron(folders([strange]))).rejects.toThrow(/no place for its tensor/);
  });
});
