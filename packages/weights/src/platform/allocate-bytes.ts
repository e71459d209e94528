import { HybraError } from '@hybra/spec';

/**
 * Zeroed memory for `length` bytes. Callers check `length` against what a file really holds first.
 * @throws E_OUT_OF_MEMORY
 */
export function allocateBytes(length: number, what: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (error) {
    throw new HybraError(
      'E_OUT_OF_MEMORY',
      `${what}: cannot allocate ${length} bytes. Free some memory, or load fewer tensors at once.`,
      { what, byteLength: length },
      { cause: error },
    );
  }
}
