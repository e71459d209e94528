import { throwIfAborted } from '@hybra/spec';
import { ioError } from '../platform/io-error.js';
import { type NodeFileSystem, nodeFiles } from '../platform/node-modules.js';

type FileHandle = Awaited<ReturnType<NodeFileSystem['open']>>;

/** Options of the functions that write files. */
export interface WriteOptions {
  /** Stops the write; the old file stays. */
  readonly signal?: AbortSignal;
}

/** Appends bytes to the new file. */
export type AppendBytes = (bytes: Uint8Array) => Promise<void>;

/** Bytes per system call: an abort is noticed between two. */
const chunkBytes = 32 * 1024 * 1024;

/**
 * Replaces a file as a whole: writes a temporary file in the same folder, brings it to the disk (fsync), renames it.
 * Whatever goes wrong before the rename (full disk, abort, an error of `produce`), the old file stays as it was and
 * the temporary one is removed. After a power cut there is the old file or the new one, never a part.
 * @param fileSystem stands in for Node's in tests of failing disks
 * @throws E_IO, E_ABORTED, and what `produce` throws
 */
export async function replaceFile(
  path: string,
  produce: (append: AppendBytes) => Promise<void>,
  options: WriteOptions & { readonly fileSystem?: NodeFileSystem } = {},
): Promise<void> {
  const what = `writing ${path}`;
  const node = nodeFiles(what);
  const fileSystem = options.fileSystem ?? node.fileSystem;
  const { signal } = options;
  throwIfAborted(signal, what);
  const folder = node.path.dirname(path);
  const random = Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  );
  const temporary = node.path.join(
    folder,
    `.${node.path.basename(path).slice(0, 200)}.${random.join('')}.temporary`,
  );
  let isCreated = false;
  try {
    // wx: never follows or overwrites what somebody else put there.
    const handle = await fileSystem.open(temporary, 'wx');
    isCreated = true;
    try {
      await produce((bytes) => appendAll(handle, bytes, { signal, what }));
      throwIfAborted(signal, what);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fileSystem.rename(temporary, path);
  } catch (error) {
    // Of two failures the first tells more: one to remove the temporary file is dropped.
    if (isCreated) await fileSystem.rm(temporary, { force: true }).catch(() => undefined);
    throw isSystemError(error) ? ioError(error, what) : error;
  }
  await syncFolder(fileSystem, folder);
}

function isSystemError(error: unknown): boolean {
  return typeof (error as { syscall?: unknown } | null)?.syscall === 'string';
}

async function appendAll(
  handle: FileHandle,
  bytes: Uint8Array,
  { signal, what }: { readonly signal: AbortSignal | undefined; readonly what: string },
): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    throwIfAborted(signal, what);
    const length = Math.min(chunkBytes, bytes.byteLength - written);
    // A disk about to be full takes a part first and fails at the next write.
    const { bytesWritten } = await handle.write(bytes, written, length);
    written += bytesWritten;
  }
}

/** Brings the rename itself to the disk, where the system can open folders (Windows cannot). */
async function syncFolder(fileSystem: NodeFileSystem, folder: string): Promise<void> {
  try {
    const handle = await fileSystem.open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The file is complete either way; only its survival of a power cut within the next seconds is uncertain.
  }
}
