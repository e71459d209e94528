import { HybraError } from '@hybra/spec';
import type { ByteSource } from '../sources/byte-source.js';
import { formatError } from './format-error.js';
import { maximumHeaderBytes } from './header-limits.js';
import { missingTensor } from './missing-tensor.js';
import { parseHeader } from './parse-header.js';
import type { WeightSource } from './weight-source.js';

const lengthBytes = 8;

/**
 * Opens a safetensors file: reads its header and nothing else, however large the file. Takes the source over: closes
 * it when opening fails.
 * @throws E_FORMAT, E_DTYPE, E_IO, E_ABORTED
 * @example
 * const weights = await openSafetensors(await fileSource('model.safetensors'));
 * const bytes = await weights.read('lm_head.weight');
 */
export async function openSafetensors(source: ByteSource, signal?: AbortSignal): Promise<WeightSource> {
  try {
    return await readHeader(source, signal);
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function readHeader(source: ByteSource, signal: AbortSignal | undefined): Promise<WeightSource> {
  const file = source.name;
  if (source.size < lengthBytes) {
    throw formatError(file, `has ${source.size} bytes`, 'a safetensors file, which has at least 8', {
      size: source.size,
    });
  }
  const headerBytes = await readHeaderLength(source, signal);
  const dataStart = lengthBytes + headerBytes;
  const header = parseHeader(
    await source.read(lengthBytes, headerBytes, signal),
    source.size - dataStart,
    file,
  );
  let isClosed = false;
  return {
    entries: header.entries,
    metadata: header.metadata,
    async read(name, readSignal) {
      if (isClosed) throw new HybraError('E_DISPOSED', `${file}: read after close().`, { file });
      const entry = header.entries.get(name);
      if (!entry) throw missingTensor(name, header.entries.keys(), file);
      return source.read(dataStart + entry.byteOffset, entry.byteLength, readSignal);
    },
    async close() {
      isClosed = true;
      await source.close();
    },
  };
}

/** The header's length, a little-endian u64. */
async function readHeaderLength(source: ByteSource, signal: AbortSignal | undefined): Promise<number> {
  const bytes = await source.read(0, lengthBytes, signal);
  const length = new DataView(bytes.buffer, bytes.byteOffset, lengthBytes).getBigUint64(0, true);
  const limit = Math.min(maximumHeaderBytes, source.size - lengthBytes);
  if (length > BigInt(limit)) {
    throw formatError(
      source.name,
      `claims a header of ${length} bytes in a file of ${source.size}`,
      `at most ${limit}: this is no safetensors file, or the download is incomplete`,
      { size: source.size },
    );
  }
  return Number(length);
}
