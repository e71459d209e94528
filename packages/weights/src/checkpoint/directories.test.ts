import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scriptedServer } from '../../test/scripted-server.js';
import { temporaryFolder } from '../../test/temporary-folder.js';
import { blobDirectory } from './blob-directory.js';
import { bytesDirectory } from './bytes-directory.js';
import type { Directory } from './directory.js';
import { folderDirectory } from './folder-directory.js';
import { httpDirectory } from './http-directory.js';

const content = Uint8Array.of(1, 2, 3);
const unsafeNames = ['', '.', '..', '../a', 'a/b', '/a', 'a\\b', 'C:a', 'a\0', 'a\n', 'n'.repeat(256)];

async function withDirectories(check: (directory: Directory) => Promise<void>): Promise<void> {
  await using folder = await temporaryFolder();
  await using server = await scriptedServer(({ url }, response) => {
    if (url === '/models/a%20b?key=1') response.writeHead(200).end(content);
    else response.writeHead(404).end();
  });
  await writeFile(join(folder.path, 'a b'), content);
  await check(folderDirectory(folder.path));
  await check(blobDirectory([new File([content], 'a b')]));
  await check(bytesDirectory({ 'a b': content }));
  await check(httpDirectory(new URL('/models?key=1', server.url)));
  await check(httpDirectory(new URL('/models/?key=1', server.url)));
}

describe('every directory', () => {
  it('refuses names that are no plain file names', () =>
    withDirectories(async (directory) => {
      for (const name of unsafeNames) {
        await expect(directory.open(name)).rejects.toMatchObject({ code: 'E_FORMAT' });
      }
    }));
  it('gives undefined for a missing file, also one named like a property', () =>
    withDirectories(async (directory) => {
      expect(await directory.open('absent')).toBeUndefined();
      expect(await directory.open('constructor')).toBeUndefined();
    }));
  it('opens a file', () =>
    withDirectories(async (directory) => {
      const source = await directory.open('a b');
      expect(await source!.read(0, source!.size)).toEqual(content);
      await source!.close();
    }));
  it('stops for an abort', () =>
    withDirectories(async (directory) => {
      await expect(directory.open('a b', AbortSignal.abort())).rejects.toMatchObject({ code: 'E_ABORTED' });
    }));
});

it('folderDirectory follows links, and tells a folder from a missing file', async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, 'blobs'));
  await mkdir(join(folder.path, 'snapshot'));
  await writeFile(join(folder.path, 'blobs', '0123'), content);
  await symlink('../blobs/0123', join(folder.path, 'snapshot', 'config.json'));
  const source = await folderDirectory(join(folder.path, 'snapshot')).open('config.json');
  expect(source!.size).toBe(3);
  await source!.close();
  await expect(folderDirectory(folder.path).open('blobs')).rejects.toMatchObject({ code: 'E_IO' });
});

it('blobDirectory refuses two files of one name', () => {
  expect(() => blobDirectory([new File([], 'a'), new File([], 'a')])).toThrow(
    expect.objectContaining({ code: 'E_ARGUMENT' }),
  );
});
