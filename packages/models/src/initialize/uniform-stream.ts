import { philox } from './philox.js';

/**
 * Uniform numbers strictly between 0 and 1, one after the other: those of the op `random` for this seed and
 * sequence.
 * @param seed 0 … 2⁵³ − 1 @param sequence u32
 */
export function uniformStream(seed: number, sequence: number): () => number {
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0] as const;
  let block = 0;
  const words = new Uint32Array(4);
  let used = 4;
  return () => {
    if (used === 4) {
      philox([block, 0, sequence, 0], key, words);
      block++;
      used = 0;
    }
    return ((words[used++]! >>> 9) + 0.5) * 2 ** -23;
  };
}
