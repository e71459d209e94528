import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TokenizerError } from '../src/index.js';
import { fuzzTargets } from './fuzz-targets.js';

/** One change to a file: where (as a part of its length), what, how much. */
const change = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  kind: fc.constantFrom('set', 'cut', 'repeat'),
  value: fc.oneof(fc.constantFrom(...new TextEncoder().encode('0129-"{}[],:.e$+*(')), fc.nat({ max: 255 })),
  length: fc.integer({ min: 1, max: 40 }),
});

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function mutate(bytes: Uint8Array, changes: readonly Change[]): Uint8Array {
  let result = [...bytes];
  for (const { at, kind, value, length } of changes) {
    const start = Math.floor(at * result.length);
    if (kind === 'set') result[start] = value;
    else if (kind === 'cut') result.splice(start, length);
    else result = [...result.slice(0, start + length), ...result.slice(start)];
  }
  return Uint8Array.from(result);
}

// A few hundred here; `pnpm fuzz` runs thousands.
describe('a mutated file loads or gives a typed error', () => {
  test.each(fuzzTargets)('$name', async ({ seeds, run }) => {
    for (const seed of await seeds()) {
      run(seed);
      const mutated = fc
        .array(change, { minLength: 1, maxLength: 4 })
        .map((changes) => mutate(seed, changes));
      fc.assert(
        fc.property(mutated, (bytes) => {
          try {
            run(bytes);
          } catch (error) {
            if (!TokenizerError.isInstance(error)) throw error;
            expect(['E_FORMAT', 'E_CONFIG']).toContain(error.code);
          }
        }),
        { numRuns: 100, seed: 20240607 },
      );
    }
  });
});
