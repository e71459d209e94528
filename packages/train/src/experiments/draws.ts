import { uniformStream } from '@hybra/models';

/** Draws of an experiment, a function of seed and place. */
export interface Draws {
  /** 0 … below `count`. */
  below(count: number): number;
  /** Different numbers 0 … below `count`, in random order. */
  distinct(howMany: number, count: number): number[];
}

/** @param sequence u32, tells uses of one seed apart */
export function draws(seed: number, sequence: number): Draws {
  const uniform = uniformStream(seed, sequence >>> 0);
  const below = (count: number): number => Math.floor(uniform() * count);
  return {
    below,
    distinct(howMany, count) {
      const pool = Array.from({ length: count }, (_, index) => index);
      for (let i = 0; i < howMany; i++) {
        const j = i + below(count - i);
        [pool[i], pool[j]] = [pool[j]!, pool[i]!];
      }
      return pool.slice(0, howMany);
    },
  };
}
