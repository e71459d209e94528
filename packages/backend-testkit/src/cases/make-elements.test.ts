import type { CaseInput } from '@hybra/tensor';
import { expect, it } from 'vitest';
import { makeElements } from './make-elements.js';

const normal: CaseInput = { dtype: 'f32', shape: [1000], values: { kind: 'normal', mean: 3, scale: 2 } };

it('makes the same elements from the same seed, others from another', () => {
  expect(makeElements(normal, 1)).toEqual(makeElements(normal, 1));
  expect(makeElements(normal, 1)).not.toEqual(makeElements(normal, 2));
});

it('draws from the distribution that is asked for', () => {
  const elements = Array.from(makeElements(normal, 1));
  const mean = elements.reduce((sum, value) => sum + value, 0) / elements.length;
  const variance = elements.reduce((sum, value) => sum + (value - mean) ** 2, 0) / elements.length;
  // Five standard errors of the mean and of the deviation of 1000 draws.
  expect(Math.abs(mean - 3)).toBeLessThan((5 * 2) / Math.sqrt(1000));
  expect(Math.abs(Math.sqrt(variance) - 2)).toBeLessThan((5 * 2) / Math.sqrt(2000));
});

it('repeats lists, floors uniform integers, and stores halves as bits', () => {
  const list = { kind: 'list', values: [1, -0, Number.NaN] } as const;
  expect([...makeElements({ dtype: 'f32', shape: [4], values: list }, 0)]).toEqual([1, -0, Number.NaN, 1]);
  expect([...makeElements({ dtype: 'f16', shape: [1], values: list }, 0)]).toEqual([0x3c00]);
  const uniform = { kind: 'uniform', low: -1, high: 2 } as const;
  const integers = new Set(makeElements({ dtype: 'i32', shape: [100], values: uniform }, 0));
  expect([...integers].sort((a, b) => a - b)).toEqual([-1, 0, 1]);
  expect(new Set(makeElements({ dtype: 'bool', shape: [100], values: uniform }, 0))).toEqual(new Set([0, 1]));
});
