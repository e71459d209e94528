import { describe, expect, it } from 'vitest';
import { parameterCount } from '../config/parameter-specs.js';
import { patternOf } from '../config/pattern-of.js';
import { type PresetName, preset, presetNames } from './presets.js';

describe('preset', () => {
  it('names the nearest ones when there is none', () => {
    expect(() => preset('mamba2-hybird-8b' as PresetName)).toThrow(/mamba2-hybrid-8b/);
  });

  // arXiv 2406.07887, Table 6, and counts derived from the flags of examples/mamba (vocabulary 256,000, untied).
  it.each([
    ['transformer-8b', 8.54e9],
    ['mamba-8b', 8.149e9],
    ['mamba2-8b', 8.237e9],
    ['mamba2-hybrid-8b', 8.655e9],
  ] as const)('%s has as many parameters as the paper says', (name, expected) => {
    // Half of the last digit given.
    expect(Math.abs(parameterCount(preset(name)) - expected)).toBeLessThan(expected === 8.54e9 ? 5e6 : 5e5);
  });

  it('has the 56 layers of the paper, with attention at 10, 22, 33 and 45', () => {
    const pattern = patternOf(preset('mamba2-hybrid-8b'));
    expect(pattern).toBe('M-M-M--M-M*-M-M-M-M--M*-M-M-M-M-M*--M-M-M-M-M*-M--M-M-M-');
    expect([...pattern].flatMap((letter, index) => (letter === '*' ? [index] : []))).toEqual([
      10, 22, 33, 45,
    ]);
  });

  it('has layers of the paper', () => {
    const [mamba, mlp] = preset('mamba2-hybrid-8b').layers;
    expect(mamba).toMatchObject({ kind: 'mamba2', heads: 128, headSize: 64, stateSize: 128, groups: 8 });
    expect(mlp).toMatchObject({ kind: 'mlp', innerSize: 16_384, activation: 'gelu', gated: false });
    expect(preset('mamba2-hybrid-8b').layers[10]).toMatchObject({
      heads: 32,
      keyValueHeads: 8,
      headSize: 128,
    });
    expect(preset('mamba2-hybrid-8b').layers[10]).not.toHaveProperty('rope');
    const [attention, squared] = preset('transformer-8b').layers;
    expect(attention).toMatchObject({ keyValueHeads: 32, rope: { rotarySize: 64 } });
    expect(squared).toMatchObject({ activation: 'relu2' });
    expect(preset('transformer-8b').norm).toMatchObject({ kind: 'layer', isCentred: true });
  });

  it.each(presetNames.filter((name) => !name.endsWith('8b')))('%s has about the size in its name', (name) => {
    const expected = name.endsWith('130m') ? 130e6 : 5e6;
    expect(parameterCount(preset(name)) / expected).toBeGreaterThan(0.7);
    expect(parameterCount(preset(name)) / expected).toBeLessThan(1.4);
  });
});
