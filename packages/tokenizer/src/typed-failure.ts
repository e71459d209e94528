import { TokenizerError } from './error.js';

/**
 * Runs `work`; whatever it throws that is not typed becomes `E_FORMAT` with the original as `cause`. Put around
 * every call into a library that a malformed file can make throw.
 * @param what such as `tokenizer.json: encode`
 */
export function typedFailure<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (TokenizerError.isInstance(error)) throw error;
    const reason = error instanceof Error ? error.name : typeof error;
    throw new TokenizerError(
      'E_FORMAT',
      `${what}: failed inside the library (${reason}); the file is malformed or unsupported, see the cause.`,
      { what },
      { cause: error },
    );
  }
}
