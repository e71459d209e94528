import { HybraError, throwIfAborted } from '@hybra/spec';
import { allocateBytes } from '../platform/allocate-bytes.js';
import { ioError } from '../platform/io-error.js';
import { type NodeFileSystem, nodeFiles } from '../platform/node-modules.js';
import { type ByteSource, checkRead } from './byte-source.js';

type FileHandle = Awaited<ReturnType<NodeFileSystem['open']>>;

/** Bytes per system call: small enough that an abort is noticed soon, far below the system's limit of 2 GiB. */
const chunkBytes = 32 * 1024 * 1024;

/**
 * A source over a file: one open handle, positioned reads, so that reads may run side by side. Node only.
 * @throws E_IO if the file is missing, unreadable or not a regular file
 */
export async function fileSource(path: string): Promise<ByteSource> {
  const { fileSystem } = nodeFiles(`opening ${path}`);
  let handle: FileHandle;
  let size: number;
  try {
    handle = await fileSystem.open(path, 'r');
  } catch (error) {
    throw ioError(error, `opening ${path}`);
  }
  try {
    const status = await handle.stat();
    if (!status.isFile()) {
      throw new HybraError(
        'E_IO',
        `opening ${path}: this is a ${status.isDirectory() ? 'folder' : 'special file'}, expected a regular file.`,
        { path },
      );
    }
    size = status.size;
  } catch (error) {
    await handle.close();
    throw ioError(error, `opening ${path}`);
  }

  let isClosed = false;
  return {
    name: path,
    size,
    async read(offset, length, signal) {
      checkRead({ name: path, size, isClosed }, { offset, length }, signal);
      const bytes = allocateBytes(length, `reading ${path}`);
      let received = 0;
      while (received < length) {
        throwIfAborted(signal, `reading ${path}`);
        const wanted = Math.min(chunkBytes, length - received);
        const count = await readAt(handle, {
          bytes,
          at: received,
          wanted,
          position: offset + received,
          path,
        });
        received += count;
      }
      return bytes;
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await handle.close();
    },
  };
}

interface PositionedRead {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly wanted: number;
  readonly position: number;
  readonly path: string;
}

async function readAt(handle: FileHandle, request: PositionedRead): Promise<number> {
  const { bytes, at, wanted, position, path } = request;
  let count: number;
  try {
    ({ bytesRead: count } = await handle.read(bytes, at, wanted, position));
  } catch (error) {
    throw ioError(error, `reading ${wanted} bytes at ${position} of ${path}`);
  }
  if (count === 0) {
    throw new HybraError(
      'E_IO',
      `${path}: ends at byte ${position}, although it was longer when it was opened. Something truncated it: restore the file and open it again.`,
      { path, position },
    );
  }
  return count;
}
