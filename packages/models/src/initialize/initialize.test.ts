import { describe, expect, it } from 'vitest';
import { preset } from '../presets/presets.js';
import { drawInitial } from './draw-initial.js';
import { initialWeights } from './initial-weights.js';
import { philox } from './philox.js';
import { uniformStream } from './uniform-stream.js';

describe('philox', () => {
  // Known answers of Random123 (kat_vectors, philox4x32 10).
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)('of %o', (counter, key, expected) => {
    const words = new Uint32Array(4);
    philox(counter, key, words);
    expect([...words]).toEqual(expected);
  });
});

describe('drawInitial', () => {
  it('draws time steps whose softplus lies in the range', () => {
    const initial = { kind: 'timeStep', low: 1e-3, high: 1e-1, floor: 1e-4 } as const;
    for (const bias of drawInitial(initial, [1000], uniformStream(1, 0))) {
      const step = Math.log1p(Math.exp(bias));
      // float32 holds the bias (about −7) to 5e-7, which is that share of the step.
      expect(step).toBeGreaterThanOrEqual(1e-3 * (1 - 1e-6));
      expect(step).toBeLessThanOrEqual(1e-1 * (1 + 1e-6));
    }
  });

  it('gives S4D-real decay rates', () => {
    const values = drawInitial({ kind: 'logOfIndex' }, [2, 3], uniformStream(1, 0));
    expect([...values]).toEqual([1, 2, 3, 1, 2, 3].map((n) => Math.fround(Math.log(n))));
  });

  it('has the deviation it is asked for', () => {
    const values = drawInitial({ kind: 'normal', deviation: 0.02 }, [20_000], uniformStream(7, 3));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    // Standard errors at this count: 1.4e-4 of the mean, 1 % of the variance; four of them.
    expect(Math.abs(mean)).toBeLessThan(6e-4);
    expect(Math.abs(Math.sqrt(variance) / 0.02 - 1)).toBeLessThan(0.02);
  });
});

describe('initialWeights', () => {
  const config = preset('mamba2-hybrid-5m', { vocabularySize: 32 });

  it('refuses a seed that is no integer', () => {
    expect(() => initialWeights(config, 0.5)).toThrow(expect.objectContaining({ code: 'E_ARGUMENT' }));
    expect(() => initialWeights(config, -1)).toThrow(expect.objectContaining({ code: 'E_ARGUMENT' }));
  });

  it('follows from the seed', () => {
    const name = 'layers.0.mixer.inProjection.weight';
    const small = { ...config, layers: config.layers.slice(0, 1) };
    expect(initialWeights(small, 5).get(name)).toEqual(initialWeights(small, 5).get(name));
    expect(initialWeights(small, 5).get(name)).not.toEqual(initialWeights(small, 6).get(name));
  });
});
