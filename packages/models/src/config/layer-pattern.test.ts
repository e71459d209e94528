import { HybraError } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { layerPattern, parsePattern } from './layer-pattern.js';

describe('layerPattern', () => {
  it.each([
    [{ layers: 0, attentionRatio: 0.1, mlpRatio: 0.5 }],
    [{ layers: 2.5, attentionRatio: 0.1, mlpRatio: 0.5 }],
    [{ layers: 5000, attentionRatio: 0.1, mlpRatio: 0.5 }],
    [{ layers: 8, attentionRatio: -0.1, mlpRatio: 0.5 }],
    [{ layers: 8, attentionRatio: Number.NaN, mlpRatio: 0.5 }],
    [{ layers: 8, attentionRatio: 0.6, mlpRatio: 0.5 }],
  ])('refuses %o', (options) => {
    expect(() => layerPattern(options)).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
  });

  // arXiv 2406.07887, appendix A, as Megatron-LM's mamba_hybrid_layer_allocation.py at df61e60 computes it.
  it.each([
    [8, 0.125, 0.5, 'M-M-*-M-'],
    [10, 0.1, 0.5, 'M-M--*M-M-'],
    [12, 0.08, 0.5, 'M-M-M-*-M-M-'],
    [14, 0.08, 0.5, 'M-M-M--*M-M-M-'],
    [16, 0.08, 0.5, 'M-M-M-M-*-M-M-M-'],
    [24, 0.08, 0.5, 'M-M-M--*M-M-M-M-*M--M-M-'],
    [24, 0.08, 0.3, 'MM-MM-M*M-MMM-MM*-MM-MM-'],
    [24, 1 / 24, 0.5, 'M-M-M-M-M--M*-M-M-M-M-M-'],
    [24, 0.08, 0, 'MMMMMMM*MMMMMMMM*MMMMMMM'],
    [28, 0.08, 0.5, 'M-M-M--M-*M-M-M-M-*M--M-M-M-'],
    [48, 0.08, 0.5, 'M-M-M--M-*M-M-M-M--*M-M-M-M-*M--M-M-M-*M-M--M-M-'],
    [56, 0.08, 0.5, 'M-M-M--M-M*-M-M-M-M--M*-M-M-M-M-M*--M-M-M-M-M*-M--M-M-M-'],
    [56, 0, 0, 'M'.repeat(56)],
  ])('of %i layers, %f attention, %f MLP', (layers, attentionRatio, mlpRatio, expected) => {
    expect(layerPattern({ layers, attentionRatio, mlpRatio })).toBe(expected);
  });
});

describe('parsePattern', () => {
  it('names the letter it does not know, and its place', () => {
    expect(() => parsePattern('M-X')).toThrow(/"X" at 2/);
    expect(() => parsePattern('M-😀')).toThrow(HybraError);
  });

  it('reads the spelling of Megatron and of the paper', () => {
    expect(parsePattern('M-*E')).toEqual(['mamba2', 'mlp', 'attention', 'experts']);
    expect(parsePattern('M+*')).toEqual(['mamba2', 'mlp', 'attention']);
  });
});
