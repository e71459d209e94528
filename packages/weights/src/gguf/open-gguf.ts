import { HybraError } from '@hybra/spec';
import { quoteName } from '../platform/quote-name.js';
import { formatError } from '../safetensors/format-error.js';
import { missingTensor } from '../safetensors/missing-tensor.js';
import type { ByteSource } from '../sources/byte-source.js';
import { HeaderEndsEarly } from './header-cursor.js';
import type { GgufValue } from './header-value.js';
import { type GgufHeader, type GgufTensor, parseGgufHeader } from './parse-gguf-header.js';

/** Bytes of a tensor. */
export interface ByteRange {
  /** From the start of the tensor. */
  readonly offset: number;
  readonly length: number;
}

/** A GGUF file: its header, and its tensors as they are stored. */
export interface GgufFile {
  /** Names the file in messages. */
  readonly name: string;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  /**
   * The blocks of one tensor, or some of them.
   * @throws E_FORMAT if there is no such tensor, E_ARGUMENT for bytes outside it, E_IO, E_ABORTED, E_OUT_OF_MEMORY,
   * E_DISPOSED after `close`
   */
  read(name: string, signal?: AbortSignal, part?: ByteRange): Promise<Uint8Array<ArrayBuffer>>;
  /** Closes the source. Idempotent. */
  close(): Promise<void>;
}

/** Bytes that are read first; most headers without a vocabulary are shorter. */
const firstBytes = 2 ** 20;
const mostBytes = 2 ** 28;

/**
 * Opens a GGUF file of version 2 or 3: reads its header and nothing else, however large the file. Takes the source
 * over: closes it when opening fails.
 * @throws E_FORMAT, E_DTYPE for a type that is not read, E_IO, E_ABORTED
 * @example
 * const file = await openGguf(await fileSource('model.gguf'));
 * console.log(file.metadata.get('general.architecture'));
 */
export async function openGguf(source: ByteSource, signal?: AbortSignal): Promise<GgufFile> {
  try {
    const { metadata, tensors } = await readHeader(source, signal);
    let isClosed = false;
    return {
      name: source.name,
      metadata,
      tensors,
      async read(name, readSignal, part) {
        if (isClosed) throw new HybraError('E_DISPOSED', `${source.name}: read after close().`, { name });
        const tensor = tensors.get(name);
        if (!tensor) throw missingTensor(name, tensors.keys(), source.name);
        const { offset = 0, length = tensor.byteLength } = part ?? {};
        if (!(offset >= 0 && length >= 0 && offset + length <= tensor.byteLength)) {
          throw new HybraError(
            'E_ARGUMENT',
            `${source.name}: cannot read ${length} bytes at ${offset} of ${quoteName(name)}. Expected a range inside its ${tensor.byteLength} bytes.`,
            { name, offset, length },
          );
        }
        return source.read(tensor.byteOffset + offset, length, readSignal);
      },
      async close() {
        isClosed = true;
        await source.close();
      },
    };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Reads more and more of the file until the header is whole: nobody says how long it is. */
async function readHeader(source: ByteSource, signal: AbortSignal | undefined): Promise<GgufHeader> {
  for (let length = firstBytes; ; length *= 4) {
    const bytes = await source.read(0, Math.min(length, source.size), signal);
    try {
      return parseGgufHeader(bytes, source.name, source.size);
    } catch (error) {
      if (!(error instanceof HeaderEndsEarly)) throw error;
    }
    if (length >= mostBytes) {
      throw formatError(source.name, `its header has more than ${mostBytes} bytes`, 'a shorter one', {});
    }
  }
}
