import { HybraError } from '@hybra/spec';
import { nodeModule } from '../platform/node-module.js';
import { sha256 } from '../platform/sha256.js';

/** A long run of tokens that windows are read from. */
export interface TokenSource {
  readonly length: number;
  readonly fingerprint: string;
  /** Copies tokens `start` … `start + count − 1` to `into` from `at`. */
  read(start: number, count: number, into: Int32Array, at: number): void;
  close(): void;
}

/** Tokens in memory. */
export function arrayTokens(ids: ArrayLike<number>): TokenSource {
  const tokens = Int32Array.from(ids);
  return {
    length: tokens.length,
    fingerprint: digest(tokens.length, new Uint8Array(tokens.buffer)),
    read: (start, count, into, at) => into.set(tokens.subarray(start, start + count), at),
    close: () => {},
  };
}

/**
 * Tokens in a file of little-endian integers without a header, read a window at a time: a file of any size takes
 * no memory, and the system's page cache keeps what is used.
 * @throws E_IO, also where there are no files (browsers); E_FORMAT when its size is no multiple of the integer's
 */
export function fileTokens(path: string, width: 'u16' | 'u32'): TokenSource {
  const size = width === 'u16' ? 2 : 4;
  const { closeSync, fstatSync, openSync, readSync } = nodeModule('node:fs', `reading ${path}`);
  const file = open(path, openSync);
  const { size: bytes } = fstatSync(file);
  if (bytes % size !== 0) {
    closeSync(file);
    throw new HybraError(
      'E_FORMAT',
      `${path}: has ${bytes} bytes, expected a multiple of ${size} (${width} tokens). Is the width right?`,
      { path, bytes, width },
    );
  }
  const head = new Uint8Array(Math.min(bytes, 2 ** 20));
  readSync(file, head, 0, head.length, 0);
  return {
    length: bytes / size,
    fingerprint: digest(bytes / size, head),
    read(start, count, into, at) {
      const window = new Uint8Array(count * size);
      let done = 0;
      while (done < window.length) {
        const read = readSync(file, window, done, window.length - done, start * size + done);
        if (read === 0)
          throw new HybraError('E_IO', `${path}: ends before token ${start + count}.`, { path });
        done += read;
      }
      const view = new DataView(window.buffer);
      for (let i = 0; i < count; i++) {
        into[at + i] = size === 2 ? view.getUint16(2 * i, true) : view.getInt32(4 * i, true);
      }
    },
    close: () => closeSync(file),
  };
}

function open(path: string, openSync: (path: string, flags: string) => number): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw new HybraError('E_IO', `${path} cannot be read: ${String(error)}`, { path }, { cause: error });
  }
}

function digest(length: number, bytes: Uint8Array): string {
  const lead = new TextEncoder().encode(`${length}:`);
  const all = new Uint8Array(lead.length + bytes.length);
  all.set(lead);
  all.set(bytes, lead.length);
  return sha256(all);
}
