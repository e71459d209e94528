import { expect, it } from 'vitest';
import { ropeFrequencies, ropeMagnitude } from './rope-frequencies.js';

const yarn = {
  kind: 'yarn',
  factor: 8,
  fastTurns: 32,
  slowTurns: 1,
  originalContextLength: 4096,
  isTruncated: true,
  magnitude: 1.2,
} as const;

it('keeps fast pairs, divides slow ones and ramps between', () => {
  const options = { rotarySize: 64, theta: 10_000 };
  const plain = ropeFrequencies({ ...options, scaling: { kind: 'none' } });
  const stretched = ropeFrequencies({ ...options, scaling: yarn });
  const ratios = Array.from(stretched, (frequency, pair) => frequency / plain[pair]!);
  // A pair goes round 4096 θ^(−i/32) / 2π times: 32 turns at pair 10.47, 1 turn at 22.51; whole pairs around: 10 and 23.
  expect(ratios.slice(0, 11).every((ratio) => ratio === 1)).toBe(true);
  for (const ratio of ratios.slice(23)) expect(ratio).toBeCloseTo(1 / 8, 6);
  expect(ratios[15]).toBeCloseTo(1 - (5 / 13) * (7 / 8), 5);
  expect(ropeMagnitude({ ...options, scaling: yarn })).toBe(1.2);
});

it('divides each pair by its own number in LongRoPE', () => {
  const scaling = { kind: 'perPair', divisors: [1, 2], magnitude: 1, contextLength: 16 } as const;
  const [first, second] = ropeFrequencies({ rotarySize: 4, theta: 100, scaling });
  expect(first).toBe(1);
  expect(second).toBeCloseTo(0.05, 7);
});
