import { describe, expect, it } from 'vitest';
import { fuzzTargets, swallowTyped } from './fuzz-targets.js';

describe.each(fuzzTargets)('$name', (target) => {
  it('survives mutations of its seeds', async () => {
    const seeds = await target.seeds();
    expect(seeds.length).toBeGreaterThan(0);
    let state = 12_345;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    for (let round = 0; round < 300; round++) {
      const bytes = seeds[random(seeds.length)]!.slice();
      for (let edit = 0; edit <= random(4); edit++) bytes[random(bytes.length)] = 32 + random(95);
      await swallowTyped(() => target.run(bytes));
    }
  });

  // Values of every wrong kind in the place of each value of the seed.
  it('survives values of other kinds', async () => {
    const strange = [
      null,
      -1,
      0,
      1e300,
      2 ** 53,
      0.5,
      '',
      'x',
      true,
      [],
      [[]],
      {},
      { __float__: 'NaN' },
      [null, null],
    ];
    for (const seed of await target.seeds()) {
      const config = JSON.parse(new TextDecoder().decode(seed)) as Record<string, unknown>;
      for (const key of Object.keys(config)) {
        for (const value of strange) {
          const bytes = new TextEncoder().encode(JSON.stringify({ ...config, [key]: value }));
          await swallowTyped(() => target.run(bytes));
        }
      }
    }
  });

  it('lets other errors through', async () => {
    const broken = {
      get byteLength(): number {
        throw new TypeError('a defect');
      },
    } as unknown as Uint8Array;
    await expect(swallowTyped(() => target.run(broken))).rejects.toThrow(TypeError);
  });
});
