import { HybraError } from '@hybra/spec';
import type { ByteSource } from '../sources/byte-source.js';
import { type HashOptions, sha256OfSource } from './sha256.js';

/**
 * Checks that a file is the one that was meant.
 * @param expected SHA-256 as 64 hexadecimal digits
 * @throws E_FORMAT if the file's hash differs, E_ARGUMENT if `expected` is no hash; E_IO, E_ABORTED
 */
export async function hashCheck(
  source: ByteSource,
  expected: string,
  options: HashOptions = {},
): Promise<void> {
  if (!/^[0-9a-f]{64}$/i.test(expected)) {
    throw new HybraError(
      'E_ARGUMENT',
      'hashCheck: the expected value is no hash. Expected 64 hexadecimal digits.',
    );
  }
  const actual = await sha256OfSource(source, options);
  if (actual === expected.toLowerCase()) return;
  throw new HybraError(
    'E_FORMAT',
    `${source.name}: its SHA-256 is ${actual}. Expected ${expected.toLowerCase()}: the file is damaged or another one; download it again.`,
    { source: source.name, actual, expected: expected.toLowerCase() },
  );
}
