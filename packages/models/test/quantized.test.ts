import { cpu } from '@hybra/backend-cpu';
import type { Device, QuantScheme } from '@hybra/spec';
import {
  bytesDirectory,
  castElements,
  type Directory,
  dequantizeMatrix,
  encodeSafetensors,
  openCheckpoint,
  quantizeMatrix,
  quantSchemes,
  readJson,
  type TensorToEncode,
} from '@hybra/weights';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { familyOf, loadModel, quantizableTensors, quantizationConfig } from '../src/index.js';
import { fixture, readGolden } from './support/golden.js';
import { largestError, runModel } from './support/model-runner.js';

interface Versions {
  /** As `hybra quantize` writes it. */
  readonly quantized: Directory;
  /** The same matrices, dequantised. */
  readonly plain: Directory;
}

async function versions(
  name: string,
  scheme: QuantScheme,
  change: {
    readonly config?: (json: Record<string, unknown>) => Record<string, unknown>;
    readonly tensors?: (all: TensorToEncode[]) => TensorToEncode[];
  } = {},
): Promise<Versions> {
  const json = (await readJson(fixture(name), 'config.json')) as Record<string, unknown>;
  const family = familyOf(json);
  const chosen = quantizableTensors(family, family.parseConfig(json));
  const source = await openCheckpoint(fixture(name));
  const quantized: TensorToEncode[] = [];
  const plain: TensorToEncode[] = [];
  for (const entry of source.entries.values()) {
    const values = castElements(await source.read(entry.name), entry.dtype, 'f32');
    const [rows = 0, columns = 0] = entry.shape;
    const item = { name: entry.name, dtype: 'f32', shape: entry.shape } as const;
    if (!chosen.has(entry.name) || columns % scheme.blockSize !== 0) {
      quantized.push({ ...item, bytes: values });
      plain.push({ ...item, bytes: values });
      continue;
    }
    const matrix = quantizeMatrix(new Float32Array(values.buffer), scheme);
    plain.push({ ...item, bytes: new Uint8Array(dequantizeMatrix(matrix, scheme).buffer) });
    const isNibbles = scheme.bits === 4;
    quantized.push({
      name: `${entry.name}.codes`,
      dtype: isNibbles ? 'u8' : 'i8',
      shape: [rows, isNibbles ? columns / 2 : columns],
      bytes: matrix.codes,
    });
    for (const part of ['scales', 'zeros'] as const) {
      const bytes = matrix[part];
      const shape = [rows, columns / scheme.blockSize];
      if (bytes) quantized.push({ name: `${entry.name}.${part}`, dtype: 'f16', shape, bytes });
    }
  }
  await source.close();
  const files = (config: unknown, tensors: TensorToEncode[]): Directory =>
    bytesDirectory({
      'config.json': new TextEncoder().encode(JSON.stringify(config)),
      'model.safetensors': encodeSafetensors({ tensors, metadata: {} }),
    });
  const config = { ...json, quantization_config: quantizationConfig(scheme.name, [scheme]) };
  return {
    quantized: files(change.config?.(config) ?? config, change.tensors?.(quantized) ?? quantized),
    plain: files(json, plain),
  };
}

describe('a quantised checkpoint', () => {
  let device: Device;
  beforeEach(async () => {
    device = await cpu().open();
  });
  afterEach(() => device.dispose());

  const { q8, q4 } = quantSchemes;
  const layout = (json: Record<string, unknown>): Record<string, unknown> =>
    json.quantization_config as Record<string, unknown>;

  it.each([
    [
      'another version',
      { config: (json: object) => changedLayout(json, { version: 2 }) },
      'E_FORMAT',
      /version 2/,
    ],
    [
      'no version',
      { config: (json: object) => changedLayout(json, { version: null }) },
      'E_FORMAT',
      /version null/,
    ],
    [
      'a method of others',
      { config: (json: object) => changedLayout(json, { quant_method: 'gptq' }) },
      'E_CONFIG',
      /expected one that hybra wrote/,
    ],
    ['no schemes', { config: (json: object) => changedLayout(json, { schemes: [] }) }, 'E_CONFIG', /schemes/],
    [
      'schemes that do not fit',
      {
        config: (json: object) =>
          changedLayout(json, layout({ quantization_config: quantizationConfig('q4', [q4]) })),
      },
      'E_FORMAT',
      /fits none of the schemes.*q4/,
    ],
    [
      'a malformed scheme',
      { config: (json: object) => changedLayout(json, { schemes: [{ name: 'q8', bits: 3 }] }) },
      'E_CONFIG',
      /bits in quantization_config is 3/,
    ],
    [
      'scales that are missing',
      {
        tensors: (all: TensorToEncode[]) => all.filter(({ name }) => !name.endsWith('in_proj.weight.scales')),
      },
      'E_FORMAT',
      /in_proj\.weight is quantised.*scales missing/,
    ],
    [
      'codes of another shape',
      {
        tensors: (all: TensorToEncode[]) =>
          all.map((tensor) =>
            tensor.name.endsWith('in_proj.weight.codes')
              ? { ...tensor, shape: [tensor.shape[0]! * 2, tensor.shape[1]! / 2] }
              : tensor,
          ),
      },
      'E_SHAPE',
      /in_proj\.weight\.codes/,
    ],
    [
      'zero points that no scheme has',
      {
        tensors: (all: TensorToEncode[]) =>
          all.flatMap((tensor) =>
            tensor.name.endsWith('in_proj.weight.scales')
              ? [tensor, { ...tensor, name: tensor.name.replace('scales', 'zeros') }]
              : [tensor],
          ),
      },
      'E_FORMAT',
      /fits none of the schemes/,
    ],
  ] as const)('with %s is refused, and nothing stays allocated', async (_, change, code, message) => {
    const { quantized } = await versions('mamba2', q8, change);
    const before = device.memoryBytes();
    const failure = expect.objectContaining({ code, message: expect.stringMatching(message) });
    await expect(loadModel(quantized, { device })).rejects.toThrow(failure);
    expect(device.memoryBytes()).toBe(before);
  });

  it('needs a device that holds bytes', async () => {
    const { quantized } = await versions('mamba2', q4);
    const capabilities = { ...device.capabilities, storage: ['f32', 'f16', 'i32', 'u32', 'bool'] as const };
    const narrow = new Proxy(device, {
      get: (target, key) => (key === 'capabilities' ? capabilities : Reflect.get(target, key).bind?.(target)),
    });
    await expect(loadModel(quantized, { device: narrow })).rejects.toThrow(/quantised and has parts of u8/);
  });

  // 2e-4: the same sums as of the dequantised matrices, in the reference's doubles, over logits of a deviation of 1.6.
  it.each([
    ['mamba', 'q8'],
    ['mamba2', 'q4-affine'],
    ['llama', 'q4'],
    ['nemotron_h', 'q4'],
  ] as const)('%s in %s gives the logits of its dequantised matrices', async (name, type) => {
    const { quantized, plain } = await versions(name, quantSchemes[type]);
    const { inputIds, logits: golden } = await readGolden(fixture(name));
    const run = async (directory: Directory): Promise<Float32Array> => {
      const model = await loadModel(directory, { device });
      const runner = runModel(model, { slots: 2, capacity: 64 });
      const logits = await runner.forward({ ids: inputIds, slots: [0, 1], starts: [0, 0] });
      if (directory === quantized) expect(runner.explain()).toContain('quantizedMatmul');
      model.dispose();
      return logits;
    };
    const logits = await run(quantized);
    expect(largestError(logits, await run(plain))).toBeLessThan(2e-4);
    // The codes are in use: q8 and q4 of random weights are farther than that from the original.
    expect(largestError(logits, golden)).toBeGreaterThan(1e-3);
  });

  it('keeps its parts addressable, smaller, and in the fingerprint', async () => {
    const { quantized, plain } = await versions('nemotron_h', q4);
    const model = await loadModel(quantized, { device });
    const bytes = device.memoryBytes();
    const names = Object.keys(model.parameters());
    expect(names).toContain('embedding.weight.codes');
    expect(names).toContain('layers.0.mixer.inProjection.weight.scales');
    expect(names).toContain('layers.0.mixer.convolution.weight');
    model.dispose();
    expect(device.memoryBytes()).toBe(0);
    const full = await loadModel(plain, { device });
    expect(bytes).toBeLessThan(0.35 * device.memoryBytes());
    expect(model.fingerprint).not.toBe(full.fingerprint);

    const changed = await versions('nemotron_h', q4, {
      tensors: (all) =>
        all.map((tensor) => {
          const bytesChanged = tensor.bytes.slice();
          if (tensor.name.endsWith('in_proj.weight.scales')) bytesChanged[0]! ^= 1;
          return { ...tensor, bytes: bytesChanged };
        }),
    });
    const other = await loadModel(changed.quantized, { device });
    expect(other.fingerprint).not.toBe(model.fingerprint);
  });
});

function changedLayout(json: object, changes: object): Record<string, unknown> {
  const all = json as Record<string, unknown>;
  return { ...all, quantization_config: { ...(all.quantization_config as object), ...changes } };
}
