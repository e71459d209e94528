import { readFile, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HybraError, throwIfAborted } from '@hybra/spec';
import { formatBytes } from '@hybra/tensor';
import { type CacheRepository, cacheRepository, sizeOf } from './cache-repository.js';
import { downloadBlob, partialPath } from './download-blob.js';
import { diskFailure, wrongAnswer } from './hub-errors.js';
import { type HubFetch, hubFetch } from './hub-fetch.js';
import type { HubName } from './hub-name.js';
import type { HubSettings } from './hub-settings.js';
import { type HubFile, type HubListing, listHubFiles } from './list-hub-files.js';
import { type WantedFiles, wantedFiles } from './wanted-files.js';

/** Options of {@link localSnapshot}. */
export interface SnapshotOptions {
  readonly settings: HubSettings;
  readonly signal: AbortSignal;
  /** @param done bytes that are there, of `total` */
  readonly onProgress?: (done: number, total: number) => void;
  /** Something to tell: what is downloaded, or that the cache is used. */
  readonly onNote?: (line: string) => void;
}

/** A model of the hub on this disk. */
export interface LocalSnapshot {
  /** The folder of the snapshot, or a GGUF file in it. */
  readonly path: string;
  readonly commit: string;
  /** Bytes of its files; 0 if it was not asked for because the hub was not. */
  readonly bytes: number;
}

/**
 * Brings the files of a model that commands read into the cache, those that are not there yet, each checked against
 * its listed length and hash. Offline, or with the hub out of reach, the cache's own snapshot is taken.
 * @throws E_IO, E_FORMAT, E_CONFIG, E_ARGUMENT, E_ABORTED; what was downloaded so far stays, and is continued
 */
export async function localSnapshot(name: HubName, options: SnapshotOptions): Promise<LocalSnapshot> {
  const { settings, signal, onNote } = options;
  throwIfAborted(signal, `downloading ${name.repository}`);
  const cache = cacheRepository(settings.cacheFolder, name.repository);
  if (settings.isOffline) return cachedSnapshot(name, cache);
  const fetch = hubFetch(settings, signal);
  let listing: HubListing;
  try {
    listing = await listHubFiles(name, settings.endpoint, fetch);
  } catch (error) {
    if (!HybraError.isInstance(error) || error.details.isUnreachable !== true) throw error;
    const cached = await cachedSnapshot(name, cache).catch(() => undefined);
    if (!cached) throw error;
    onNote?.(
      `the hub cannot be reached: using ${name.repository} from the cache, commit ${cached.commit.slice(0, 7)}`,
    );
    return cached;
  }
  return download(name, listing, { ...options, cache, fetch });
}

async function download(
  name: HubName,
  { commit, files }: HubListing,
  options: SnapshotOptions & { readonly cache: CacheRepository; readonly fetch: HubFetch },
): Promise<LocalSnapshot> {
  const { cache, fetch, settings, signal } = options;
  const bring = async (file: HubFile, onProgress: (bytes: number) => void): Promise<void> => {
    const address = `${settings.endpoint}/${name.repository}/resolve/${commit}/${encodeURIComponent(file.name)}`;
    await downloadBlob(file, cache.blobPath(file), { address, fetch, signal, onProgress });
    await cache.link(file, commit).catch((error: unknown) => {
      throw diskFailure(`linking ${file.name}`, error);
    });
  };
  const wanted = await wantedFiles(name, new Set(files.keys()), async (index) => {
    await bring(files.get(index)!, () => {});
    return readIndex(join(cache.snapshotPath(commit), index));
  });
  const chosen = wanted.names.map((file) => files.get(file)!);
  const total = chosen.reduce((sum, { size }) => sum + size, 0);
  await requireSpace(chosen, options);
  let done = 0;
  for (const file of chosen) {
    await bring(file, (bytes) => options.onProgress?.(done + bytes, total));
    done += file.size;
    options.onProgress?.(done, total);
  }
  // Last, so that a revision read offline is one that is complete.
  await cache.writeRef(name.revision, commit).catch((error: unknown) => {
    throw diskFailure(`writing the revision ${name.revision}`, error);
  });
  return { path: opened(cache, commit, wanted), commit, bytes: total };
}

/** Says what will be downloaded. @throws E_IO if the disk has no room for it */
async function requireSpace(
  files: readonly HubFile[],
  { cache, onNote }: SnapshotOptions & { readonly cache: CacheRepository },
): Promise<void> {
  let missing = 0;
  for (const file of files) {
    const path = cache.blobPath(file);
    const isThere = (await sizeOf(path)) === file.size;
    if (!isThere) missing += Math.max(0, file.size - ((await sizeOf(partialPath(path))) ?? 0));
  }
  if (missing === 0) return;
  const free = await freeBytes(cache.folder);
  if (free !== undefined && free < missing) {
    throw new HybraError(
      'E_IO',
      `${cache.folder}: ${formatBytes(missing)} are to be downloaded and ${formatBytes(free)} are free. Free some space, or set HF_HUB_CACHE to a folder on another disk.`,
      { folder: cache.folder, missing, free },
    );
  }
  onNote?.(`downloading ${formatBytes(missing)} to ${cache.folder}`);
}

/** Of the disk that `folder` is on, or will be; undefined where the system does not say. */
async function freeBytes(folder: string): Promise<number | undefined> {
  for (let each = folder; ; each = dirname(each)) {
    const found = await statfs(each).catch(() => undefined);
    if (found) return found.bavail * found.bsize;
    if (dirname(each) === each) return undefined;
  }
}

/** What the cache has of a model, if it is enough to open it. @throws E_IO */
async function cachedSnapshot(name: HubName, cache: CacheRepository): Promise<LocalSnapshot> {
  const { repository, revision } = name;
  const commit = /^[0-9a-f]{40}$/.test(revision) ? revision : await cache.readRef(revision);
  const present = commit === undefined ? new Set<string>() : await cache.presentFiles(commit);
  if (commit === undefined || present.size === 0) {
    throw new HybraError(
      'E_IO',
      `${repository}@${revision} is not in the cache (${cache.folder}), and HF_HUB_OFFLINE forbids to download it. Unset HF_HUB_OFFLINE, or give the path of a folder.`,
      { repository, revision, folder: cache.folder },
    );
  }
  const wanted = await wantedFiles(name, present, (index) =>
    readIndex(join(cache.snapshotPath(commit), index)),
  );
  return { path: opened(cache, commit, wanted), commit, bytes: 0 };
}

function opened(cache: CacheRepository, commit: string, { gguf }: WantedFiles): string {
  return join(cache.snapshotPath(commit), gguf ?? '');
}

async function readIndex(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (error) {
    throw wrongAnswer(path, 'this is no JSON', 'an index of shards', error);
  }
}
