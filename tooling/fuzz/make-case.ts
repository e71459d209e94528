import { mutateBytes } from './mutate-bytes.js';
import { mutateJson } from './mutate-json.js';
import { seededRandom } from './random.js';

/**
 * The input of one case: a seed with one to four mutations. The same arguments give the same bytes.
 * @param target name of the fuzz target
 * @param index number of the case, from 0
 */
export function makeCase(
  seeds: readonly Uint8Array[],
  target: string,
  seed: number,
  index: number,
): Uint8Array {
  const random = seededRandom(target, seed, index);
  let bytes = random.pick(seeds);
  for (let count = 1 + random.below(4); count > 0; count--) {
    const structured = random.below(2) === 0 ? mutateJson(bytes, random) : undefined;
    bytes = structured ?? mutateBytes(bytes, random);
  }
  return bytes;
}
