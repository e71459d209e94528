const marker = Symbol.for('hybra.error');

/**
 * Codes of every error that this package throws.
 *
 * | code | meaning |
 * |---|---|
 * | `E_FORMAT` | a file is malformed |
 * | `E_CONFIG` | a file asks for something unknown, unsupported or contradictory |
 * | `E_ARGUMENT` | an argument is out of its range |
 */
export type TokenizerErrorCode = 'E_FORMAT' | 'E_CONFIG' | 'E_ARGUMENT';

/**
 * The error of this package: a stable `code`, a message that says what, got, expected and the way out, and the
 * same facts as `details`. Never holds user text.
 *
 * It has the shape and the marker of hybra's error family, so `HybraError.isInstance` accepts it although this
 * package depends on no other.
 */
export class TokenizerError extends Error {
  override readonly name = 'TokenizerError';
  readonly code: TokenizerErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: TokenizerErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.code = code;
    this.details = Object.freeze({ ...details });
    Object.defineProperty(this, marker, { value: true });
  }

  /** Whether `value` is an error of hybra's family, of this copy of the package or another. */
  static isInstance(value: unknown): value is TokenizerError {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[marker] === true;
  }
}
