/** A source of random numbers that gives the same ones for the same seed. */
export interface Random {
  /** An integer from 0 up to, not including, `bound` (at least 1). */
  readonly below: (bound: number) => number;
  readonly pick: <T>(list: readonly T[]) => T;
}

/**
 * Numbers from a seed and any number of words and counts, by a 32-bit mixing hash (splitmix32). Good enough to
 * pick mutations; not for anything else.
 */
export function seededRandom(...keys: readonly (string | number)[]): Random {
  let state = 0x9e3779b9;
  for (const character of keys.join('\0')) {
    state = Math.imul(state ^ character.charCodeAt(0), 0x01000193) >>> 0;
  }
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  const below = (bound: number): number => Math.floor((next() / 2 ** 32) * bound);
  return { below, pick: (list) => list[below(list.length)]! };
}
