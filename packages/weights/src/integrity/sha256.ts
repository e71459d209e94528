import { HybraError } from '@hybra/spec';
import { allocateBytes } from '../platform/allocate-bytes.js';
import { nodeCrypto } from '../platform/node-modules.js';
import type { ByteSource } from '../sources/byte-source.js';

/** Options of {@link sha256OfSource} and `hashCheck`. */
export interface HashOptions {
  readonly signal?: AbortSignal;
  /** Called after each part with the bytes hashed so far. */
  readonly onProgress?: (hashedBytes: number, totalBytes: number) => void;
}

/** Bytes per read. */
const chunkBytes = 8 * 1024 * 1024;

/** Largest source that is hashed whole in memory, where there is no streaming hash (browsers). */
const wholeLimit = 1024 * 1024 * 1024;

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * SHA-256 of bytes as 64 lower-case hexadecimal digits (FIPS 180-4).
 * @throws E_IO in a browser page that did not come over https, where `crypto.subtle` is absent
 */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new HybraError(
      'E_IO',
      'sha256Hex: there is no crypto.subtle. Expected a page served over https or from localhost.',
    );
  }
  // Shared memory is refused by crypto.subtle: hash a copy.
  const isShared = !(bytes.buffer instanceof ArrayBuffer);
  const own = (isShared ? new Uint8Array(bytes) : bytes) as Uint8Array<ArrayBuffer>;
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', own)));
}

/**
 * SHA-256 of a source: in a stream under Node; elsewhere in memory, up to 1 GiB.
 * @throws E_IO, E_ABORTED, E_OUT_OF_MEMORY (above 1 GiB without Node)
 */
export async function sha256OfSource(source: ByteSource, options: HashOptions = {}): Promise<string> {
  const node = nodeCrypto();
  if (node) {
    const hash = node.createHash('sha256');
    await readParts(source, options, (part) => hash.update(part));
    return hash.digest('hex');
  }
  if (source.size > wholeLimit) {
    throw new HybraError(
      'E_OUT_OF_MEMORY',
      `${source.name}: has ${source.size} bytes. Expected at most ${wholeLimit}, for this environment cannot hash in a stream: check the file under Node.`,
      { source: source.name, size: source.size },
    );
  }
  const bytes = allocateBytes(source.size, `hashing ${source.name}`);
  await readParts(source, options, (part, offset) => bytes.set(part, offset));
  return sha256Hex(bytes);
}

async function readParts(
  source: ByteSource,
  { signal, onProgress }: HashOptions,
  consume: (part: Uint8Array, offset: number) => void,
): Promise<void> {
  for (let offset = 0; offset < source.size; offset += chunkBytes) {
    const length = Math.min(chunkBytes, source.size - offset);
    consume(await source.read(offset, length, signal), offset);
    onProgress?.(offset + length, source.size);
  }
}
