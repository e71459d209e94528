import { HybraError, throwIfAborted } from '@hybra/spec';
import { ioError } from '../platform/io-error.js';
import { type ByteSource, checkRead } from './byte-source.js';

/**
 * A source over a Blob or File (a browser's file picker, the origin's private file system). Only the parts asked
 * for are brought into memory.
 * @param name shown in messages
 */
export function blobSource(blob: Blob, name: string): ByteSource {
  const size = blob.size;
  let isClosed = false;
  return {
    name,
    size,
    async read(offset, length, signal) {
      checkRead({ name, size, isClosed }, { offset, length }, signal);
      let buffer: ArrayBuffer;
      try {
        buffer = await blob.slice(offset, offset + length).arrayBuffer();
      } catch (error) {
        // A File whose file changed or vanished since it was picked: NotReadableError.
        throw ioError(error, `reading ${length} bytes at ${offset} of ${name}`);
      }
      throwIfAborted(signal, `reading ${name}`);
      if (buffer.byteLength !== length) {
        throw new HybraError(
          'E_IO',
          `${name}: got ${buffer.byteLength} bytes at ${offset}, expected ${length}. The file was changed while it was read: open it again.`,
          { source: name, offset, length, received: buffer.byteLength },
        );
      }
      return new Uint8Array(buffer);
    },
    async close() {
      isClosed = true;
    },
  };
}
