import { HybraError } from '../errors.js';

/** @throws E_ARGUMENT unless `byteLength` bytes from `byteOffset` on lie inside a buffer of `size` bytes */
export function checkRange(what: string, size: number, byteOffset: number, byteLength: number): void {
  const isInside =
    Number.isSafeInteger(byteOffset) &&
    Number.isSafeInteger(byteLength) &&
    byteOffset >= 0 &&
    byteLength >= 0 &&
    byteOffset + byteLength <= size;
  if (isInside) return;
  throw new HybraError(
    'E_ARGUMENT',
    `${what}: got ${byteLength} bytes from ${byteOffset} on, but the buffer has ${size} bytes.`,
    { what, byteOffset, byteLength, size },
  );
}
