import { describe, expect, it } from 'vitest';
import { decayOfLog, logOfDecay, moveHeadRows, shapeFromGguf, shapeToGguf } from './tensor-form.js';

// Both ways at once would hide a wrong direction from the round trips: here are the numbers themselves.
describe('moveHeadRows', () => {
  const layout = { name: 'q', count: 8, heads: 2 };

  it('lays rows i and i + D/2 of each head side by side, and back', () => {
    const halves = Uint8Array.from([0, 1, 2, 3, 10, 11, 12, 13]);
    const pairs = Uint8Array.from([0, 2, 1, 3, 10, 12, 11, 13]);
    expect(moveHeadRows(halves, layout, 'pairs')).toEqual(pairs);
    expect(moveHeadRows(pairs, layout, 'halves')).toEqual(halves);
    const six = { name: 'k', count: 6, heads: 1 };
    expect([...moveHeadRows(Uint8Array.from([0, 1, 2, 3, 4, 5]), six, 'pairs')]).toEqual([0, 3, 1, 4, 2, 5]);
    expect([...moveHeadRows(Uint8Array.from([0, 3, 1, 4, 2, 5]), six, 'halves')]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('refuses heads of an odd number of rows', () => {
    expect(() => moveHeadRows(new Uint8Array(9), { name: 'q', count: 9, heads: 3 }, 'pairs')).toThrow(
      /q: 9 rows are not 3 heads of an even number/,
    );
    expect(() => moveHeadRows(new Uint8Array(8), { name: 'q', count: 8, heads: 3 }, 'pairs')).toThrow(
      /3 heads/,
    );
  });
});

describe('decay rates', () => {
  it('are −e^A', () => {
    const values = Float32Array.of(0, Math.LN2);
    decayOfLog(values);
    expect(values[0]).toBe(-1);
    expect(values[1]).toBeCloseTo(-2, 6);
    logOfDecay('a', values);
    expect(values[1]).toBeCloseTo(Math.LN2, 6);
  });

  it.each([0, 1, Number.NaN])('are never %d', (rate) => {
    expect(() => logOfDecay('blk.0.ssm_a', Float32Array.of(-1, rate))).toThrow(/not negative/);
  });
});

it('shapes lose and gain their axes', () => {
  expect(shapeToGguf('taps', [6, 1, 4], {})).toEqual([6, 4]);
  expect(shapeFromGguf('taps', [6, 4])).toEqual([6, 1, 4]);
  expect(shapeToGguf('decayColumn', [8], {})).toEqual([8, 1]);
  expect(shapeFromGguf('column', [8, 1])).toEqual([8]);
  expect(shapeToGguf('groups', [12], { groups: 3 })).toEqual([3, 4]);
  expect(shapeFromGguf('groups', [3, 4])).toEqual([12]);
});
