import { describe, expect, it } from 'vitest';
import { ropeFrequencies } from './rope-frequencies.js';

describe('ropeFrequencies', () => {
  it('refuses an odd number of dimensions', () => {
    const scaling = { kind: 'none' } as const;
    for (const rotarySize of [0, 3, -2, 2.5]) {
      expect(() => ropeFrequencies({ rotarySize, theta: 10_000, scaling })).toThrow(
        expect.objectContaining({ code: 'E_CONFIG' }),
      );
    }
  });

  it('are a geometric series', () => {
    const plain = ropeFrequencies({ rotarySize: 4, theta: 10_000, scaling: { kind: 'none' } });
    expect([...plain]).toEqual([1, Math.fround(0.01)]);
    const slower = ropeFrequencies({ rotarySize: 4, theta: 10_000, scaling: { kind: 'linear', factor: 4 } });
    expect([...slower]).toEqual([0.25, Math.fround(0.0025)]);
  });

  it('are stretched in three bands for Llama 3', () => {
    const options = { rotarySize: 128, theta: 500_000 };
    const plain = ropeFrequencies({ ...options, scaling: { kind: 'none' } });
    const stretched = ropeFrequencies({
      ...options,
      scaling: {
        kind: 'llama3',
        factor: 8,
        lowFrequencyFactor: 1,
        highFrequencyFactor: 4,
        originalContextLength: 8192,
      },
    });
    const ratios = [...stretched].map((frequency, pair) => frequency / plain[pair]!);
    // Wavelength 2π/f below 8192/4: kept. Above 8192: an eighth. Between: in between, falling.
    for (const [pair, ratio] of ratios.entries()) {
      const wavelength = (2 * Math.PI) / plain[pair]!;
      if (wavelength < 2048) expect(ratio).toBeCloseTo(1, 6);
      else if (wavelength > 8192) expect(ratio).toBeCloseTo(1 / 8, 6);
      else expect(ratio).toBeGreaterThan(1 / 8);
    }
    expect(ratios).toEqual([...ratios].sort((a, b) => b - a));
  });
});
