import { HybraError } from '@hybra/spec';

/** `E_FORMAT`: what, got, expected. */
export function formatError(
  what: string,
  got: string,
  expected: string,
  details: Readonly<Record<string, unknown>> = {},
): HybraError {
  return new HybraError('E_FORMAT', `${what}: ${got}. Expected ${expected}.`, { what, ...details });
}
