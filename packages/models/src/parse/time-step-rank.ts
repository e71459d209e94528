import * as bounds from './bounds.js';
import type { ConfigReader } from './config-reader.js';

/** Rank of Mamba's time-step projection: a number, or `"auto"`, or nothing: ⌈hidden / 16⌉. @throws E_CONFIG */
export function readTimeStepRank(reader: ConfigReader, key: string, hiddenSize: number): number {
  const automatic = Math.ceil(hiddenSize / 16);
  const rank = reader.optional(key, '"auto" or an integer from 1 to 1048576', (value) => {
    if (value === 'auto') return automatic;
    const isRank =
      typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= bounds.size.high;
    return isRank ? value : undefined;
  });
  return rank ?? automatic;
}
