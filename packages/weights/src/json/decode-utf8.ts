import { HybraError } from '@hybra/spec';

/**
 * Text of UTF-8 bytes.
 * @param bom whether a leading byte order mark is dropped, or kept as a character
 * @throws E_FORMAT if the bytes are not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array, what: string, bom: 'drop' | 'keep'): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: bom === 'keep' });
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new HybraError(
      'E_FORMAT',
      `${what}: not valid UTF-8. Expected UTF-8 text: the file is damaged or of another kind.`,
      { what },
      { cause: error },
    );
  }
}
