import type { FuzzTarget } from '@hybra/testing';

const seeds = (): Uint8Array[] => [new TextEncoder().encode('seed')];

/** One parser for each way to be wrong, and one that is right; for the fuzzer's own test. */
export const fuzzTargets: readonly FuzzTarget[] = [
  {
    name: 'good',
    seeds,
    run: () => {
      throw Object.assign(new Error('refused'), { code: 'E_FORMAT' });
    },
  },
  {
    name: 'untyped',
    seeds,
    run: () => {
      throw new TypeError('cannot read properties of undefined');
    },
  },
  {
    name: 'hanging',
    seeds,
    run: () => {
      for (;;);
    },
  },
  { name: 'crashing', seeds, run: () => process.kill(process.pid, 'SIGKILL') },
  { name: 'greedy', seeds, run: () => new Uint8Array(300 * 2 ** 20).fill(1) },
];
