import { TokenizerError } from './error.js';

/** An object from JSON, its fields still unchecked. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The E_FORMAT error for a value that is not what its place asks for. */
export function formatError(path: string, expected: string, got: unknown): TokenizerError {
  const kind = got === null ? 'null' : Array.isArray(got) ? 'an array' : typeof got;
  return new TokenizerError('E_FORMAT', `${path}: expected ${expected}, got ${kind}.`, {
    path,
    expected,
    got: kind,
  });
}

/** Whether `value` is an object and not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `value` as an object. @throws E_FORMAT naming `path` */
export function objectAt(path: string, value: unknown): JsonObject {
  if (!isJsonObject(value)) throw formatError(path, 'an object', value);
  return value;
}

/** `value` as an array of at most `limit` items. @throws E_FORMAT naming `path` */
export function arrayAt(path: string, value: unknown, limit = 4_000_000): readonly unknown[] {
  if (!Array.isArray(value)) throw formatError(path, 'an array', value);
  if (value.length > limit) throw formatError(path, `at most ${limit} items`, value);
  return value;
}

/** `value` as a string of at most `limit` UTF-16 units. @throws E_FORMAT naming `path` */
export function stringAt(path: string, value: unknown, limit = 65_536): string {
  if (typeof value !== 'string') throw formatError(path, 'a string', value);
  if (value.length > limit) throw formatError(path, `at most ${limit} characters`, value);
  return value;
}

/** `value` as an integer in `[low, high]`. @throws E_FORMAT naming `path` */
export function integerAt(path: string, value: unknown, low: number, high: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high) {
    throw formatError(path, `an integer from ${low} to ${high}`, value);
  }
  return value;
}

/** `value` as a boolean, `fallback` where it is absent or null. @throws E_FORMAT naming `path` */
export function booleanAt(path: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined || value === null) return fallback;
  if (typeof value !== 'boolean') throw formatError(path, 'a boolean', value);
  return value;
}
