import { type ByteSource, checkRead } from './byte-source.js';

/**
 * A source over memory. Reads give copies.
 * @param name shown in messages
 */
export function bytesSource(bytes: Uint8Array, name: string): ByteSource {
  const size = bytes.byteLength;
  let isClosed = false;
  return {
    name,
    size,
    async read(offset, length, signal) {
      checkRead({ name, size, isClosed }, { offset, length }, signal);
      return new Uint8Array(bytes.subarray(offset, offset + length));
    },
    async close() {
      isClosed = true;
    },
  };
}
