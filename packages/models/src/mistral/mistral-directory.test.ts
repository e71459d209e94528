import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { bytesDirectory, encodeSafetensors, openCheckpoint } from '@hybra/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { livelyWeights, writtenCheckpoint } from '../../test/support/written-checkpoint.js';
import { familyOf } from '../families/families.js';
import { loadModel } from '../load/load-model.js';
import { mistralDirectory } from './mistral-directory.js';

// As Codestral Mamba has it, but small.
const params = {
  dim: 64,
  n_layers: 1,
  vocab_size: 40,
  n_groups: 2,
  rms_norm: true,
  residual_in_fp32: true,
  fused_add_norm: true,
  pad_vocab_size_multiple: 1,
  tie_embeddings: false,
  model_type: 'mamba',
};
const config = {
  d_model: 64,
  n_layer: 1,
  vocab_size: 40,
  ssm_cfg: { layer: 'Mamba2', ngroups: 2 },
  pad_vocab_size_multiple: 1,
  tie_embeddings: false,
};
const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe('mistralDirectory', () => {
  let device: Device;
  beforeAll(async () => {
    device = await cpu().open();
  });
  afterAll(() => device.dispose());

  it('reads Codestral Mamba as Mistral publishes it', async () => {
    const plain = await writtenCheckpoint(config, livelyWeights(familyOf(config).parseConfig(config)));
    const source = await openCheckpoint(plain);
    const tensors = await Promise.all(
      [...source.entries.values()].map(async ({ name, dtype, shape }) => {
        return { name: `model.${name}`, dtype, shape, bytes: await source.read(name) };
      }),
    );
    const raw = bytesDirectory({
      'params.json': json(params),
      'consolidated.safetensors': encodeSafetensors({ tensors, metadata: {} }),
    });
    const loaded = await loadModel(mistralDirectory(raw), { device });
    expect(loaded.fingerprint).toBe((await loadModel(plain, { device })).fingerprint);
    expect((await loadModel(mistralDirectory(plain), { device })).fingerprint).toBe(loaded.fingerprint);
  });

  it.each([
    [{ ...params, model_type: 'transformer' }, /model_type is "transformer", expected "mamba"/],
    [{ ...params, n_heads: 4 }, /unknown key "n_heads"/],
    [[], /params.json: is \[\], expected an object/],
  ])('refuses %j', async (value, message) => {
    const raw = mistralDirectory(bytesDirectory({ 'params.json': json(value) }));
    await expect(loadModel(raw, { device })).rejects.toThrow(message);
  });

  it('says which files a folder without any lacks', async () => {
    await expect(loadModel(mistralDirectory(bytesDirectory({})), { device })).rejects.toThrow(
      /no config.json/,
    );
  });
});
