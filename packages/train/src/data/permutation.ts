import { uniformStream } from '@hybra/models';

/**
 * A permutation of 0 … size − 1 as a function, without a table: a Feistel network on enough bits, walked until it
 * lands inside (Black & Rogaway 2002, §3). Keys are drawn by Philox.
 * @param size at least 1, at most 2³²
 * @param sequence tells permutations of one seed apart, such as epochs
 */
export function permutation(size: number, seed: number, sequence: number): (index: number) => number {
  const uniform = uniformStream(seed, sequence >>> 0);
  const keys = Array.from({ length: 6 }, () => Math.floor(uniform() * 2 ** 23));
  let half = 1;
  while (4 ** half < size) half++;
  const mask = 2 ** half - 1;
  const round = (value: number, key: number): number => {
    // The finalizer of MurmurHash3: every bit of the input changes half of the output's.
    let h = Math.imul(value ^ key, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13) ^ (key << 8), 0xc2b2ae35);
    return (h ^ (h >>> 16)) & mask;
  };
  const once = (index: number): number => {
    let left = Math.floor(index / (mask + 1));
    let right = index % (mask + 1);
    for (const key of keys) [left, right] = [right, (left ^ round(right, key)) & mask];
    return left * (mask + 1) + right;
  };
  return (index) => {
    let at = once(index);
    while (at >= size) at = once(at);
    return at;
  };
}
