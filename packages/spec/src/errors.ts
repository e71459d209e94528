const marker = Symbol.for('hybra.error');

/**
 * Stable codes of every error that hybra throws. Programs switch on these, never on messages.
 *
 * | code | meaning |
 * |---|---|
 * | `E_SHAPE` | shapes or ranks do not fit |
 * | `E_DTYPE` | an element type is not accepted |
 * | `E_UNSUPPORTED_OP` | a device has no kernel and the op no decomposition |
 * | `E_BACKEND_UNAVAILABLE` | a backend cannot run here |
 * | `E_DEVICE_LOST` | a device is gone; everything on it is lost |
 * | `E_OUT_OF_MEMORY` | an allocation failed or passes a limit |
 * | `E_FORMAT` | a file or message is malformed |
 * | `E_CONFIG` | a configuration is unknown or contradicts itself |
 * | `E_CONTEXT_LENGTH` | a sequence is longer than the model or the state allows |
 * | `E_ABORTED` | the caller's AbortSignal fired |
 * | `E_IO` | reading or writing failed |
 * | `E_ARGUMENT` | an argument is out of its range |
 * | `E_DISPOSED` | a value was disposed of, donated or belongs to a disposed device |
 */
export type ErrorCode =
  | 'E_SHAPE'
  | 'E_DTYPE'
  | 'E_UNSUPPORTED_OP'
  | 'E_BACKEND_UNAVAILABLE'
  | 'E_DEVICE_LOST'
  | 'E_OUT_OF_MEMORY'
  | 'E_FORMAT'
  | 'E_CONFIG'
  | 'E_CONTEXT_LENGTH'
  | 'E_ABORTED'
  | 'E_IO'
  | 'E_ARGUMENT'
  | 'E_DISPOSED';

/** Facts of an error as data: op, argument, shapes, dtypes, device, file, offset. Never user text or weights. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * The one error family of hybra: a stable `code`, a message that says what, got, expected and the way out,
 * and the same facts as `details`.
 *
 * Packages recognise it by a symbol, not by `instanceof`, so that two copies of this package still agree.
 * @example
 * try { await device.read(buffer, 0, 4); }
 * catch (error) { if (HybraError.isInstance(error) && error.code === 'E_DEVICE_LOST') await reopen(); }
 */
export class HybraError extends Error {
  override readonly name = 'HybraError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.details = Object.freeze({ ...details });
    Object.defineProperty(this, marker, { value: true });
  }

  /** Whether `value` is a HybraError, of this copy of the package or another. */
  static isInstance(value: unknown): value is HybraError {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[marker] === true;
  }
}

/** Throws `E_ABORTED` if `signal` has fired. */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) {
    throw new HybraError('E_ABORTED', `${what}: aborted by the caller.`, { what }, { cause: signal.reason });
  }
}
