import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { throwIfAborted } from '@hybra/spec';
import { blobHash } from './blob-hash.js';
import { sizeOf } from './cache-repository.js';
import { type FetchInto, fetchInto } from './fetch-into.js';
import { diskFailure, unreachable, wrongAnswer } from './hub-errors.js';
import type { HubFile } from './list-hub-files.js';

/** Connections in a row that may bring nothing before the download is given up. */
const mostIdleConnections = 3;

/**
 * Downloads a file to `path`, which appears only when length and hash are right. Until then the bytes lie in
 * `path.incomplete`: a download that was cut, refused, aborted, or that met a full disk continues from there; bytes
 * whose hash is wrong are removed. If some of those were left from before, it begins again once.
 * @throws E_IO, E_FORMAT, E_ABORTED
 */
export async function downloadBlob(
  file: HubFile,
  path: string,
  options: Omit<FetchInto, 'path'>,
): Promise<void> {
  if ((await sizeOf(path)) === file.size) return;
  const partial = partialPath(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    for (;;) {
      const isContinued = await complete(file, partial, options);
      if (await isRight(file, partial, options.signal)) break;
      if (!isContinued)
        throw wrongAnswer(file.name, 'its content has another hash', `the listed ${file.hash.hex}`);
    }
    await rename(partial, path);
  } catch (error) {
    // Another process finished the same download meanwhile.
    if ((await sizeOf(path)) === file.size) return;
    throwIfAborted(options.signal, `downloading ${file.name}`);
    throw diskFailure(`downloading ${file.name}`, error);
  }
}

/** Where the bytes of an unfinished download lie: the place where other tools look for them, too. */
export function partialPath(path: string): string {
  return `${path}.incomplete`;
}

/** Fetches until all bytes are there. @returns whether some were there before */
async function complete(file: HubFile, partial: string, options: Omit<FetchInto, 'path'>): Promise<boolean> {
  let there = await sizeOf(partial);
  if (there !== undefined && there > file.size) {
    await rm(partial);
    there = undefined;
  }
  const isContinued = (there ?? 0) > 0;
  for (let idle = 0; there !== file.size; ) {
    await fetchInto(file, there ?? 0, { ...options, path: partial });
    const now = await sizeOf(partial);
    idle = (now ?? 0) > (there ?? 0) ? 0 : idle + 1;
    there = now;
    if (there !== file.size && idle === mostIdleConnections) {
      throw unreachable(
        `downloading ${file.name}`,
        options.address,
        new Error(`the connection ended after ${there ?? 0} of ${file.size} bytes`),
      );
    }
  }
  return isContinued;
}

/** Checks the hash and makes the bytes durable; removes wrong ones. */
async function isRight(file: HubFile, partial: string, signal: AbortSignal): Promise<boolean> {
  if ((await blobHash(partial, file, signal)) !== file.hash.hex) {
    await rm(partial, { force: true });
    return false;
  }
  const handle = await open(partial, 'r+');
  await handle.sync().finally(() => handle.close());
  return true;
}
