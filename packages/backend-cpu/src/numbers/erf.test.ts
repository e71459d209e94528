import { describe, expect, it } from 'vitest';
import { erf } from './erf.js';

describe('erf', () => {
  // Abramowitz & Stegun, table 7.1, and DLMF §7: 15 digits and more.
  it.each([
    [0, 0],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [1.5, 0.9661051464753108],
    [2, 0.9953222650189527],
    [3, 0.9999779095030014],
  ])('erf(%d)', (x, expected) => {
    // A few units in the last place of a double.
    expect(Math.abs(erf(x) - expected)).toBeLessThanOrEqual(1e-15);
    expect(erf(-x)).toBe(-erf(x));
  });

  it('has its slope at 0 and its limits at both ends', () => {
    expect(erf(1e-300) / 1e-300).toBeCloseTo(2 / Math.sqrt(Math.PI), 14);
    expect(Object.is(erf(-0), -0)).toBe(true);
    expect(erf(6)).toBe(1);
    expect(erf(Number.NEGATIVE_INFINITY)).toBe(-1);
    expect(erf(Number.NaN)).toBeNaN();
    // Continuous where the series ends.
    expect(1 - erf(5.999999)).toBeLessThan(1e-15);
  });
});
