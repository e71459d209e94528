import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import {
  bytesDirectory,
  castElements,
  type Directory,
  encodeSafetensors,
  openCheckpoint,
} from '@hybra/weights';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LoadOptions, loadModel } from '../src/index.js';
import { fixture, readGolden } from './support/golden.js';
import { largestError, runModel } from './support/model-runner.js';

interface Stored {
  name: string;
  dtype: 'f32' | 'bf16';
  shape: number[];
  bytes: Uint8Array;
}

/** A checkpoint of the fixtures with its tensors and configuration changed. */
async function changed(
  name: string,
  change: { tensors?: (all: Stored[]) => Stored[]; config?: Record<string, unknown> },
): Promise<Directory> {
  const source = await openCheckpoint(fixture(name));
  const stored: Stored[] = [];
  for (const entry of source.entries.values()) {
    stored.push({
      name: entry.name,
      dtype: 'f32',
      shape: [...entry.shape],
      bytes: await source.read(entry.name),
    });
  }
  await source.close();
  const file = await fixture(name).open('config.json');
  const config = JSON.parse(new TextDecoder().decode(await file!.read(0, file!.size)));
  await file!.close();
  const tensors = change.tensors?.(stored) ?? stored;
  return bytesDirectory({
    'config.json': new TextEncoder().encode(JSON.stringify({ ...config, ...change.config })),
    'model.safetensors': encodeSafetensors({ tensors, metadata: {} }),
  });
}

describe('loadModel', () => {
  let device: Device;
  beforeEach(async () => {
    device = await cpu().open();
  });
  afterEach(async () => {
    await device.dispose();
  });

  async function failsWith(
    directory: Directory,
    expected: { code: string; message: RegExp },
    options?: LoadOptions,
  ) {
    const error = await loadModel(directory, { device, ...options }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: expected.code, message: expect.stringMatching(expected.message) });
    // Whatever was uploaded is freed again.
    expect(device.memoryBytes()).toBe(0);
  }

  it('names a missing tensor', async () => {
    const directory = await changed('mamba2', {
      tensors: (all) => all.filter((tensor) => tensor.name !== 'backbone.layers.1.mixer.D'),
    });
    await failsWith(directory, { code: 'E_FORMAT', message: /backbone\.layers\.1\.mixer\.D/ });
  });

  it('names a tensor that is not used', async () => {
    const directory = await changed('mamba2', {
      tensors: (all) => [
        ...all,
        { name: 'backbone.extra', dtype: 'f32', shape: [1], bytes: new Uint8Array(4) },
      ],
    });
    await failsWith(directory, { code: 'E_FORMAT', message: /backbone\.extra/ });
  });

  it('names a tensor of another shape before it allocates anything', async () => {
    const directory = await changed('mamba2', { config: { vocab_size: 2 ** 24 } });
    await failsWith(directory, { code: 'E_SHAPE', message: /backbone\.embeddings\.weight.*\[512, 64\]/ });
  });

  it('does not take a flat convolution for a depthwise one', async () => {
    const directory = await changed('mamba2', {
      tensors: (all) =>
        all.map((tensor) =>
          tensor.name.endsWith('0.mixer.conv1d.weight')
            ? { ...tensor, shape: [tensor.shape[0]!, 4] }
            : tensor,
        ),
    });
    await failsWith(directory, { code: 'E_SHAPE', message: /layers\.0\.mixer\.conv1d\.weight/ });
  });

  it('says which file is missing', async () => {
    await failsWith(bytesDirectory({}), { code: 'E_IO', message: /config\.json/ });
  });

  it('frees what it uploaded when it is aborted half way', async () => {
    const controller = new AbortController();
    let peak = 0;
    await failsWith(
      fixture('mamba2'),
      { code: 'E_ABORTED', message: /aborted/ },
      {
        signal: controller.signal,
        onProgress: ({ loadedBytes, totalBytes }) => {
          peak = Math.max(peak, device.memoryBytes());
          if (loadedBytes > totalBytes / 2) controller.abort();
        },
      },
    );
    expect(peak).toBeGreaterThan(0);
  });

  it('frees what it uploaded when memory runs out', async () => {
    const small = await cpu({ memoryLimitBytes: 300_000 }).open();
    await expect(loadModel(fixture('mamba2'), { device: small })).rejects.toMatchObject({
      code: 'E_OUT_OF_MEMORY',
    });
    expect(small.memoryBytes()).toBe(0);
    await small.dispose();
  });

  it.each<[string, Partial<LoadOptions>, string, RegExp]>([
    ['a dtype that does not exist', { dtype: 'f8' as 'f16' }, 'E_DTYPE', /dtype is f8/],
    ['a state dtype that is no float', { stateDtype: 'i32' as 'f16' }, 'E_DTYPE', /stateDtype is i32/],
    ['neither device nor placement', { device: undefined }, 'E_ARGUMENT', /either device, or placement/],
  ])('refuses %s', async (_, options, code, message) => {
    await expect(loadModel(fixture('mamba2'), { device, ...options })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('refuses a placement of layers that there are not', async () => {
    const place = (key: string) =>
      loadModel(fixture('nemotron_h'), { placement: { default: device, [key]: device } });
    await expect(place('atention')).rejects.toThrow(/"atention" is neither.*nearest: attention/);
    await expect(place('7')).rejects.toThrow(/an index below 7/);
    await expect(place('-1')).rejects.toMatchObject({ code: 'E_ARGUMENT' });
  });

  it('leaves unread what predicts further tokens, and the copy of a tied head', async () => {
    const mtp = await changed('nemotron_h', {
      tensors: (all) => [
        ...all,
        { name: 'mtp.layers.0.norm.weight', dtype: 'f32', shape: [1], bytes: new Uint8Array(4) },
      ],
    });
    (await loadModel(mtp, { device })).dispose();
    const tied = await changed('mamba2', {
      tensors: (all) => [
        ...all,
        { ...all.find(({ name }) => /embeddings/.test(name))!, name: 'lm_head.weight' },
      ],
    });
    (await loadModel(tied, { device })).dispose();
    expect(device.memoryBytes()).toBe(0);
  });

  it("reads mamba_ssm's name of the embedding", async () => {
    const directory = await changed('mamba2', {
      tensors: (all) =>
        all.map((tensor) => ({ ...tensor, name: tensor.name.replace('embeddings', 'embedding') })),
    });
    const [theirs, ours] = [
      await loadModel(directory, { device }),
      await loadModel(fixture('mamba2'), { device }),
    ];
    expect(theirs.fingerprint).toBe(ours.fingerprint);
  });

  it('tells models apart by one bit of one weight', async () => {
    const directory = await changed('mamba2', {
      tensors: (all) =>
        all.map((tensor, index) => {
          const bytes = tensor.bytes.slice();
          if (index === 3) bytes[0]! ^= 1;
          return { ...tensor, bytes };
        }),
    });
    const [other, model] = [
      await loadModel(directory, { device }),
      await loadModel(fixture('mamba2'), { device }),
    ];
    expect(model.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(other.fingerprint).not.toBe(model.fingerprint);
  });

  it('reports progress up to the last byte', async () => {
    const seen: number[] = [];
    let total = 0;
    const model = await loadModel(fixture('llama'), {
      device,
      onProgress: ({ loadedBytes, totalBytes }) => {
        seen.push(loadedBytes);
        total = totalBytes;
      },
    });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(total);
    model.dispose();
    model.dispose();
    expect(device.memoryBytes()).toBe(0);
  });

  it.each(['bf16', 'f16'] as const)('keeps matrices in %s and vectors in f32', async (dtype) => {
    const { inputIds, logits: golden } = await readGolden(fixture('nemotron_h'));
    const logits = async (directory: Directory, storage: 'f32' | 'f16' | 'bf16') => {
      const model = await loadModel(directory, { device, dtype: storage });
      const runner = runModel(model, { slots: 2, capacity: 64 });
      return { model, got: await runner.forward({ ids: inputIds, slots: [0, 1], starts: [0, 0] }) };
    };
    const rounded = await changed('nemotron_h', {
      tensors: (all) =>
        all.map((tensor) =>
          tensor.shape.length === 2
            ? { ...tensor, bytes: castElements(castElements(tensor.bytes, 'f32', dtype), dtype, 'f32') }
            : tensor,
        ),
    });
    const { model, got } = await logits(fixture('nemotron_h'), dtype);
    const { got: expected } = await logits(rounded, 'f32');
    // The same numbers, multiplied and summed in float32.
    expect(largestError(got, expected)).toBeLessThan(1e-4);
    // Were it no further from the golden, nothing would have been rounded.
    expect(largestError(got, golden)).toBeGreaterThan(1e-2);

    const parameters = model.parameters();
    expect(parameters['layers.0.mixer.inProjection.weight']!.dtype).toBe(dtype);
    expect(parameters['embedding.weight']!.dtype).toBe(dtype);
    const wide = [
      'norm.weight',
      'mixer.decay',
      'mixer.skip',
      'mixer.timeStepBias',
      'mixer.convolution.weight',
    ];
    for (const name of wide) expect(parameters[`layers.0.${name}`]!.dtype).toBe('f32');
  });

  it('stores states in bf16 where asked', async () => {
    const golden = await readGolden(fixture('nemotron_h'));
    const model = await loadModel(fixture('nemotron_h'), { device, stateDtype: 'bf16' });
    expect(model.stateSpecs[0]!.ssm!.dtype).toBe('bf16');
    expect(model.stateSpecs[0]!.convolution!.dtype).toBe('f32');
    expect(model.stateSpecs[3]!.keys!.dtype).toBe('bf16');
    const runner = runModel(model, { slots: 1, capacity: 64 });
    const [row] = golden.inputIds as [readonly number[]];
    const width = model.vocabularySize;
    let largest = 0;
    for (const [index, id] of row.entries()) {
      const logits = await runner.forward({ ids: [[id]], slots: [0], starts: [index] });
      largest = Math.max(
        largest,
        largestError(logits, golden.logits.slice(index * width, (index + 1) * width)),
      );
    }
    // States rounded to 8 bits at each of 37 steps; measured 0.03.
    expect(largest).toBeLessThan(0.1);
    expect(largest).toBeGreaterThan(1e-3);
  });

  it('gives the same logits over two devices', async () => {
    const other = await cpu({ name: 'second' }).open();
    const golden = await readGolden(fixture('nemotron_h'));
    const model = await loadModel(fixture('nemotron_h'), {
      placement: { default: device, attention: other, 1: other },
    });
    expect(model.devices.map((at) => at.backend)).toEqual([
      'cpu',
      'second',
      'cpu',
      'second',
      'cpu',
      'cpu',
      'cpu',
    ]);
    expect(model.parameters()['layers.3.mixer.query.weight']!.device).toBe(other);
    const runner = runModel(model, { slots: 2, capacity: 64 });
    const logits = await runner.forward({ ids: golden.inputIds, slots: [0, 1], starts: [0, 0] });
    expect(largestError(logits, golden.logits)).toBeLessThan(1e-4);
    const alone = await loadModel(fixture('nemotron_h'), { device });
    const expected = await runModel(alone, { slots: 2, capacity: 64 }).forward({
      ids: golden.inputIds,
      slots: [0, 1],
      starts: [0, 0],
    });
    // The same kernels on the same numbers.
    expect(logits).toEqual(expected);
    await other.dispose();
  });
});
