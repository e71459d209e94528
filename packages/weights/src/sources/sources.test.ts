import { appendFile, mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/temporary-folder.js';
import { blobSource } from './blob-source.js';
import type { ByteSource } from './byte-source.js';
import { bytesSource } from './bytes-source.js';
import { fileSource } from './file-source.js';

const content = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);

const makers: Record<string, (folder: string) => Promise<ByteSource>> = {
  bytesSource: async () => bytesSource(content, 'content'),
  blobSource: async () => blobSource(new Blob([content]), 'content'),
  fileSource: async (folder) => {
    await writeFile(join(folder, 'content'), content);
    return fileSource(join(folder, 'content'));
  },
};

describe.each(Object.keys(makers))('%s', (name) => {
  it.each([
    [-1, 1],
    [0, -1],
    [0.5, 1],
    [0, 1001],
    [1001, 0],
    [999, 2],
    [2 ** 53, 1],
    [0, 2 ** 52],
    [Number.NaN, 1],
    [0, Number.POSITIVE_INFINITY],
  ])('refuses %d, %d', async (offset, length) => {
    await using folder = await temporaryFolder();
    const source = await makers[name]!(folder.path);
    await expect(source.read(offset, length)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    await source.close();
  });

  it('reads ranges into memory of their own, side by side', async () => {
    await using folder = await temporaryFolder();
    const source = await makers[name]!(folder.path);
    expect(source.size).toBe(1000);
    const ranges = [0, 1, 999, 500, 1000].map((offset) => source.read(offset, Math.min(333, 1000 - offset)));
    for (const [index, bytes] of (await Promise.all(ranges)).entries()) {
      const offset = [0, 1, 999, 500, 1000][index]!;
      expect([...bytes]).toEqual([...content.subarray(offset, Math.min(offset + 333, 1000))]);
      expect(bytes.byteOffset).toBe(0);
      bytes.fill(255);
    }
    expect([...(await source.read(0, 3))]).toEqual([0, 1, 2]);
    await source.close();
  });

  it('stops for an abort and after close', async () => {
    await using folder = await temporaryFolder();
    const source = await makers[name]!(folder.path);
    await expect(source.read(0, 1, AbortSignal.abort())).rejects.toMatchObject({ code: 'E_ABORTED' });
    await source.close();
    await source.close();
    await expect(source.read(0, 1)).rejects.toMatchObject({ code: 'E_DISPOSED' });
  });
});

describe('fileSource', () => {
  it('says that a file is missing', async () => {
    await using folder = await temporaryFolder();
    await expect(fileSource(join(folder.path, 'absent'))).rejects.toMatchObject({
      code: 'E_IO',
      details: { systemCode: 'ENOENT' },
      cause: { code: 'ENOENT' },
      message: expect.stringContaining('check the path'),
    });
  });
  it('refuses a folder', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'sub'));
    await expect(fileSource(join(folder.path, 'sub'))).rejects.toMatchObject({
      code: 'E_IO',
      message: expect.stringContaining('folder'),
    });
  });
  it('reads more than one system call takes, and stops between two', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'sparse');
    const length = 70 * 1024 * 1024;
    await writeFile(path, Uint8Array.of(1));
    await truncate(path, length - 1);
    await appendFile(path, Uint8Array.of(2));
    const source = await fileSource(path);
    const bytes = await source.read(0, length);
    expect([bytes[0], bytes[1], bytes[length - 1]]).toEqual([1, 0, 2]);
    const stop = new AbortController();
    const reading = source.read(0, length, stop.signal);
    stop.abort();
    await expect(reading).rejects.toMatchObject({ code: 'E_ABORTED' });
    await source.close();
  });
  it('notices that a file was truncated', async () => {
    await using folder = await temporaryFolder();
    const source = await makers.fileSource!(folder.path);
    await truncate(join(folder.path, 'content'), 10);
    await expect(source.read(5, 100)).rejects.toMatchObject({
      code: 'E_IO',
      message: expect.stringContaining('ends at byte 10'),
    });
    await source.close();
  });
});

it('blobSource says why a Blob cannot be read', async () => {
  const broken = { size: 10, slice: () => ({ arrayBuffer: () => Promise.reject(new Error('NotReadable')) }) };
  await expect(blobSource(broken as unknown as Blob, 'picked').read(0, 5)).rejects.toMatchObject({
    code: 'E_IO',
  });
  const short = { size: 10, slice: () => new Blob([new Uint8Array(2)]) };
  await expect(blobSource(short as unknown as Blob, 'picked').read(0, 5)).rejects.toMatchObject({
    code: 'E_IO',
  });
});
