import * as nodeFileSystem from 'node:fs/promises';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/temporary-folder.js';
import type { NodeFileSystem } from '../platform/node-modules.js';
import { openSafetensors } from '../safetensors/open-safetensors.js';
import { fileSource } from '../sources/file-source.js';
import { encodeSafetensors } from './encode-safetensors.js';
import { replaceFile } from './replace-file.js';
import { writeFileAtomic } from './write-file-atomic.js';
import { writeSafetensors } from './write-safetensors.js';

const old = new TextEncoder().encode('old');
const tensors = ['b', 'a'].map((name) => ({
  name,
  dtype: 'f32' as const,
  shape: [2],
  bytes: new Uint8Array(8).fill(name.charCodeAt(0)),
}));

/** A folder that holds `model.safetensors` with other content. */
async function folderWithFile(): Promise<{ path: string; file: string } & AsyncDisposable> {
  const folder = await temporaryFolder();
  const file = join(folder.path, 'model.safetensors');
  await writeFile(file, old);
  return { path: folder.path, file, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

/** The old file is there, whole, and nothing beside it. */
async function expectUntouched(folder: { path: string; file: string }): Promise<void> {
  expect(await readdir(folder.path)).toEqual(['model.safetensors']);
  expect(new Uint8Array(await readFile(folder.file))).toEqual(old);
}

type Handle = Awaited<ReturnType<NodeFileSystem['open']>>;

/** A file system whose handles fail as told; everything else is the machine's. */
function failing(overrides: (handle: Handle) => Partial<Record<'write' | 'sync', unknown>>): NodeFileSystem {
  const open: typeof nodeFileSystem.open = async (...parameters) => {
    const handle = await nodeFileSystem.open(...parameters);
    const replaced = overrides(handle) as Record<string | symbol, unknown>;
    return new Proxy(handle, {
      get: (target, key) => {
        if (Object.hasOwn(replaced, key)) return replaced[key];
        const value = Reflect.get(target, key) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
  return { ...nodeFileSystem, open } as NodeFileSystem;
}

const systemError = (code: string, syscall: string): Error =>
  Object.assign(new Error(code), { code, syscall });

describe('the old file stays', () => {
  it('when the disk fills up half way', async () => {
    await using folder = await folderWithFile();
    let room = 10;
    const fileSystem = failing((handle) => ({
      write: async (bytes: Uint8Array, offset: number, length: number) => {
        if (room === 0) throw systemError('ENOSPC', 'write');
        const part = Math.min(room, length);
        room -= part;
        return handle.write(bytes, offset, part);
      },
    }));
    const write = replaceFile(folder.file, (append) => append(new Uint8Array(11)), { fileSystem });
    await expect(write).rejects.toMatchObject({
      code: 'E_IO',
      details: { systemCode: 'ENOSPC' },
      cause: { code: 'ENOSPC' },
      message: expect.stringMatching(/disk is full: free some space/),
    });
    await expectUntouched(folder);
  });

  it('when the disk fails at the end', async () => {
    await using folder = await folderWithFile();
    const fileSystem = failing(() => ({ sync: () => Promise.reject(systemError('EIO', 'fsync')) }));
    const write = replaceFile(folder.file, (append) => append(new Uint8Array(11)), { fileSystem });
    await expect(write).rejects.toMatchObject({ code: 'E_IO', details: { systemCode: 'EIO' } });
    await expectUntouched(folder);
  });

  it('when the caller aborts: before, between tensors, and during the last', async () => {
    await using folder = await folderWithFile();
    await expect(writeFileAtomic(folder.file, old, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'E_ABORTED',
    });
    for (const stopAt of ['a', 'b']) {
      const stop = new AbortController();
      const making = tensors.map((tensor) => ({
        ...tensor,
        bytes: () => {
          if (tensor.name === stopAt) stop.abort();
          return tensor.bytes;
        },
      }));
      await expect(writeSafetensors(folder.file, making, { signal: stop.signal })).rejects.toMatchObject({
        code: 'E_ABORTED',
      });
    }
    const late = new AbortController();
    const onProgress = (written: number, total: number): void => {
      if (written === total) late.abort();
    };
    await expect(
      writeSafetensors(folder.file, tensors, { signal: late.signal, onProgress }),
    ).rejects.toMatchObject({
      code: 'E_ABORTED',
    });
    await expectUntouched(folder);
  });

  it('when making a tensor fails, with that error', async () => {
    await using folder = await folderWithFile();
    const broken = { ...tensors[0]!, bytes: () => Promise.reject(new Error('no bytes')) };
    await expect(writeSafetensors(folder.file, [tensors[1]!, broken])).rejects.toThrow('no bytes');
    const short = { ...tensors[0]!, bytes: async () => new Uint8Array(7) };
    await expect(writeSafetensors(folder.file, [short])).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    const twice = [tensors[0]!, tensors[0]!];
    await expect(writeSafetensors(folder.file, twice)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    await expectUntouched(folder);
  });
});

it('says that the folder is missing', async () => {
  await using folder = await temporaryFolder();
  await expect(writeFileAtomic(join(folder.path, 'absent', 'x'), old)).rejects.toMatchObject({
    code: 'E_IO',
    details: { systemCode: 'ENOENT' },
  });
});

it('does not replace a folder', async () => {
  await using folder = await folderWithFile();
  await expect(writeFileAtomic(folder.path, old)).rejects.toMatchObject({ code: 'E_IO' });
  await expectUntouched(folder);
});

it('writes what encodeSafetensors encodes, from lists, generators and functions, one tensor at a time', async () => {
  await using folder = await folderWithFile();
  const expected = encodeSafetensors({ tensors, metadata: { format: 'pt' } });
  const made: string[] = [];
  async function* generate(): AsyncGenerator<(typeof tensors)[number]> {
    yield* tensors;
  }
  const lazy = tensors.map((tensor) => ({
    ...tensor,
    bytes: async () => {
      made.push(tensor.name);
      return tensor.bytes;
    },
  }));
  for (const source of [tensors, new Set(tensors), generate(), lazy]) {
    const progress: number[] = [];
    await writeSafetensors(folder.file, source, {
      metadata: { format: 'pt' },
      onProgress: (written, total) => progress.push(written, total),
    });
    expect(new Uint8Array(await readFile(folder.file))).toEqual(expected);
    const total = expected.byteLength;
    expect(progress).toEqual([total - 8, total, total, total]);
    await writeFile(folder.file, old);
  }
  expect(made).toEqual(['a', 'b']);
  await expectUntouched(folder);
});

it('writeFileAtomic replaces a file, makes a new one, and leaves nothing beside them', async () => {
  await using folder = await folderWithFile();
  await writeFileAtomic(folder.file, Uint8Array.of(1, 2));
  await writeFileAtomic(join(folder.path, 'new'), new Uint8Array(0));
  expect([...(await readFile(folder.file))]).toEqual([1, 2]);
  expect(await readdir(folder.path)).toEqual(['model.safetensors', 'new']);
});

describe('the order given', () => {
  const tensor = (name: string, dtype: 'f32' | 'u8', asked: string[]) => ({
    name,
    dtype,
    shape: [4],
    bytes: () => {
      asked.push(name);
      return new Uint8Array(dtype === 'f32' ? 16 : 4);
    },
  });

  it('is that of the bytes, too', async () => {
    await using folder = await temporaryFolder();
    const asked: string[] = [];
    const tensors = [tensor('z', 'u8', asked), tensor('b', 'f32', asked), tensor('a', 'f32', asked)];
    const path = join(folder.path, 'given.safetensors');
    await writeSafetensors(path, tensors, { order: 'given' });
    expect(asked).toEqual(['z', 'b', 'a']);
    const weights = await openSafetensors(await fileSource(path));
    expect([...weights.entries.keys()]).toEqual(['z', 'b', 'a']);
    await weights.close();
  });

  it('must leave every tensor aligned', async () => {
    await using folder = await temporaryFolder();
    const tensors = [
      { name: 'z', dtype: 'u8', shape: [3], bytes: new Uint8Array(3) } as const,
      tensor('a', 'f32', []),
    ];
    await expect(
      writeSafetensors(join(folder.path, 'x.safetensors'), tensors, { order: 'given' }),
    ).rejects.toThrow(/"a": its place at byte 3 is not aligned to f32/);
  });
});
