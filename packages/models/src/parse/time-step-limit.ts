import type { ConfigReader } from './config-reader.js';
import { readNumber } from './read-number.js';

/**
 * Bounds of the time step, `[low, high]` with high possibly ∞, in any spelling of infinity; `[0, ∞]` where absent.
 * @throws E_CONFIG
 */
export function readTimeStepLimit(
  reader: ConfigReader,
  keys: string | readonly string[],
): readonly [number, number] {
  const limit = reader.optional(keys, 'two numbers [low, high] with 0 ≤ low ≤ high', (value) => {
    if (!Array.isArray(value) || value.length !== 2) return undefined;
    const [low, high] = value.map(readNumber);
    if (
      low === undefined ||
      high === undefined ||
      low < 0 ||
      low > high ||
      low === Number.POSITIVE_INFINITY
    ) {
      return undefined;
    }
    return [low, high] as const;
  });
  return limit ?? [0, Number.POSITIVE_INFINITY];
}
