import { HybraError } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { type FuzzTarget, fuzzTargets } from './fuzz-targets.js';

const rounds = 500;

/** Mulberry32: the same mutations in every run. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** One to four changes: a byte, a cut, a doubled part, a part removed, or a character that JSON knows. */
function mutate(seed: Uint8Array, random: (below: number) => number): Uint8Array {
  let bytes = Array.from(seed);
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(bytes.length + 1);
    const length = 1 + random(16);
    const kind = random(5);
    if (kind === 0) bytes[at] = random(256);
    else if (kind === 1) bytes = bytes.slice(0, at);
    else if (kind === 2) bytes.splice(at, 0, ...bytes.slice(at, at + length));
    else if (kind === 3) bytes.splice(at, length);
    else bytes[at] = '{}[]",:0123456789-.eE\\ntf'.charCodeAt(random(25));
  }
  return Uint8Array.from(bytes);
}

/** One try; only errors that are not hybra's leave it. */
async function survive(target: FuzzTarget, bytes: Uint8Array): Promise<void> {
  try {
    await target.run(bytes);
  } catch (error) {
    if (!HybraError.isInstance(error)) throw error;
  }
}

describe.each(fuzzTargets)('$name', (target) => {
  it(`gives only typed errors for ${rounds} mutated inputs`, async () => {
    const seeds = await target.seeds();
    const random = generator(1);
    for (const seed of seeds) await survive(target, seed);
    for (let round = 0; round < rounds; round++) {
      await survive(target, mutate(seeds[random(seeds.length)]!, random));
    }
  });
});

it('the targets let other errors through', async () => {
  const broken = new Proxy(new Uint8Array(64), {
    get() {
      throw new TypeError('not typed');
    },
  });
  for (const target of fuzzTargets) await expect(survive(target, broken)).rejects.toThrow(TypeError);
});
