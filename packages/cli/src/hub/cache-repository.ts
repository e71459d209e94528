import { randomUUID } from 'node:crypto';
import { copyFile, link, mkdir, readdir, readFile, rename, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { getRepoFolderName } from '@huggingface/hub';
import { writeFileAtomic } from '@hybra/weights';
import type { HubFile } from './list-hub-files.js';

/**
 * A model in the cache that the ecosystem's tools share: `blobs/HASH` hold the contents, `snapshots/COMMIT/NAME` are
 * links to them, `refs/REVISION` hold commits.
 */
export interface CacheRepository {
  readonly folder: string;
  blobPath(file: HubFile): string;
  snapshotPath(commit: string): string;
  /** The commit that a revision was when it was downloaded. */
  readRef(revision: string): Promise<string | undefined>;
  writeRef(revision: string, commit: string): Promise<void>;
  /** Names of the files whose content is there. */
  presentFiles(commit: string): Promise<ReadonlySet<string>>;
  /** Puts a blob into a snapshot under its name. */
  link(file: HubFile, commit: string): Promise<void>;
}

/** The folder of a repository below `cacheFolder`; nothing is created. */
export function cacheRepository(cacheFolder: string, repository: string): CacheRepository {
  const folder = join(cacheFolder, getRepoFolderName({ type: 'model', name: repository }));
  const blobPath = (file: HubFile): string => join(folder, 'blobs', file.hash.hex);
  const snapshotPath = (commit: string): string => join(folder, 'snapshots', commit);
  return {
    folder,
    blobPath,
    snapshotPath,
    async readRef(revision) {
      const text = await readFile(join(folder, 'refs', revision), 'utf8').catch(() => '');
      return /^[0-9a-f]{40}$/.test(text.trim()) ? text.trim() : undefined;
    },
    async writeRef(revision, commit) {
      if (revision === commit) return;
      const path = join(folder, 'refs', revision);
      await mkdir(dirname(path), { recursive: true });
      await writeFileAtomic(path, new TextEncoder().encode(commit));
    },
    async presentFiles(commit) {
      const snapshot = snapshotPath(commit);
      const present = new Set<string>();
      for (const name of await readdir(snapshot).catch(() => [])) {
        // A link may point to a blob that was deleted.
        if ((await sizeOf(join(snapshot, name))) !== undefined) present.add(name);
      }
      return present;
    },
    async link(file, commit) {
      const snapshot = snapshotPath(commit);
      const path = join(snapshot, file.name);
      if ((await sizeOf(path)) === file.size) return;
      await mkdir(snapshot, { recursive: true });
      const blob = blobPath(file);
      const temporary = `${path}.${randomUUID()}.incomplete`;
      // Windows lets only some users make symbolic links; some disks know no hard ones.
      await symlink(relative(snapshot, blob), temporary)
        .catch(() => link(blob, temporary))
        .catch(() => copyFile(blob, temporary));
      await rename(temporary, path);
    },
  };
}

/** Bytes of a file, through links; undefined where there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    (found) => (found.isDirectory() ? undefined : found.size),
    () => undefined,
  );
}
