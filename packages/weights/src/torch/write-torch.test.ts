import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/temporary-folder.js';
import { fileSource } from '../sources/file-source.js';
import { crc32 } from './crc32.js';
import { openTorch } from './open-torch.js';
import { isKind } from './pickle-values.js';
import { centralDirectory } from './stored-zip.js';
import { readTorchArchive } from './torch-archive.js';
import type { TorchTensorToWrite } from './torch-tensor-to-write.js';
import { writeTorch } from './write-torch.js';
import { readZipDirectory } from './zip-directory.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const tensors: readonly TorchTensorToWrite[] = [
  { name: 'a', alsoNamed: ['b'], dtype: 'f32', shape: [2, 1], bytes: bytes(1, 2, 3, 4, 5, 6, 7, 8) },
  { name: 'scalar', dtype: 'i64', shape: [], bytes: () => bytes(9, 0, 0, 0, 0, 0, 0, 0) },
  { name: 'empty', dtype: 'bf16', shape: [0, 300], bytes: bytes() },
];

describe('writeTorch', () => {
  it('writes what openTorch reads, names that share a tensor too', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'weights.bin');
    const progress: number[] = [];
    await writeTorch(path, tensors, { onProgress: (written) => progress.push(written) });
    const source = await openTorch(await fileSource(path));
    expect([...source.entries.values()].map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
      ['a', 'f32', [2, 1]],
      ['b', 'f32', [2, 1]],
      ['scalar', 'i64', []],
      ['empty', 'bf16', [0, 300]],
    ]);
    expect(await source.read('b')).toEqual(bytes(1, 2, 3, 4, 5, 6, 7, 8));
    expect(await source.read('scalar')).toEqual(bytes(9, 0, 0, 0, 0, 0, 0, 0));
    await source.close();
    expect(progress).toEqual([8, 16, 16]);
  });

  it('lays contents at multiples of 64 and checks them with a CRC', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'weights.bin');
    await writeTorch(path, tensors);
    const file = await readFile(path);
    const headers = [...file.keys()].filter(
      (at) => file.readUInt32LE(Math.min(at, file.length - 4)) === 0x0403_4b50,
    );
    expect(headers).toHaveLength(6);
    for (const at of headers) {
      const start = at + 30 + file.readUInt16LE(at + 26) + file.readUInt16LE(at + 28);
      expect(start % 64).toBe(0);
      const contents = file.subarray(start, start + file.readUInt32LE(at + 18));
      expect(file.readUInt32LE(at + 14)).toBe(crc32(contents));
    }
    // The check value of the algorithm.
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf4_3926);
  });

  it('lays the state dict in a dict with what a training checkpoint has beside it', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'weights.pt');
    const args = {
      layers: 56,
      large: 2 ** 40,
      below: -300,
      far: -(2 ** 40),
      epsilon: 1e-5,
      bf16: true,
      fp16: false,
      load: null,
      normalization: 'RMSNorm',
      nested: { deep: 1 },
    };
    const root = { key: 'model', beside: { args, iteration: 0 } };
    await writeTorch(path, tensors, { root });
    const source = await fileSource(path);
    const archive = await readTorchArchive(source, { inert: true });
    if (!isKind(archive.value, 'dict')) throw new Error('is no dict');
    expect([...archive.value.entries.keys()]).toEqual(['args', 'iteration', 'model']);
    const { nested, ...plain } = args;
    const namespace = (...entries: [string, unknown][]): object => ({
      kind: 'inert',
      name: 'argparse.Namespace',
      attributes: { kind: 'dict', entries: new Map(entries) },
    });
    expect(archive.value.entries.get('args')).toEqual(
      namespace(...Object.entries(plain), ['nested', namespace(['deep', nested.deep])]),
    );
    const model = archive.value.entries.get('model');
    if (!isKind(model, 'dict')) throw new Error('the model is no dict');
    const scalar = model.entries.get('scalar');
    if (!isKind(scalar, 'tensor')) throw new Error('scalar is no tensor');
    expect(await archive.read(scalar)).toEqual(bytes(9, 0, 0, 0, 0, 0, 0, 0));
    await source.close();
    const twice = writeTorch(path, tensors, { root: { key: 'args', beside: { args } } });
    await expect(twice).rejects.toThrow(/key "args" is that of the state dict/);
  });

  it('counts in 64 bits where 32 do not suffice', async () => {
    const [size, offset] = [5 * 2 ** 30, 6 * 2 ** 30];
    const start = offset + size + 1024;
    const tail = centralDirectory([{ name: 'archive/data/0', size, crc: 7, offset }], start);
    const entries = await readZipDirectory({
      name: 'large',
      size: start + tail.length,
      async read(from, length) {
        const piece = new Uint8Array(length);
        piece.set(tail.subarray(Math.max(from - start, 0), from - start + length), Math.max(start - from, 0));
        return piece;
      },
      close: async () => undefined,
    });
    expect([...entries.values()]).toEqual([{ name: 'archive/data/0', size, headerOffset: offset }]);
  });

  it.each<[RegExp, TorchTensorToWrite[]]>([
    [/"x" is f8_e4m3, expected one of f64/, [{ name: 'x', dtype: 'f8_e4m3', shape: [1], bytes: bytes(1) }]],
    [/"a" is there twice/, [tensors[0]!, tensors[0]!]],
    [/"b" is there twice/, [tensors[0]!, { ...tensors[1]!, name: 'b' }]],
    [/got 1 bytes. Expected 8/, [{ name: 'x', dtype: 'f32', shape: [2], bytes: bytes(1) }]],
  ])('refuses %s', async (message, given) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'weights.bin');
    await expect(writeTorch(path, given)).rejects.toThrow(message);
    await expect(readFile(path)).rejects.toThrow();
  });
});
