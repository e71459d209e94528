import { describe, expect, it } from 'vitest';
import { dequantizeMatrix } from './dequantize-matrix.js';
import { quantSchemes } from './quant-schemes.js';
import { quantizeMatrix } from './quantize-matrix.js';

/** Normal numbers from a seed (Box-Muller over a linear congruential generator). */
function normal(count: number, seed: number): Float32Array {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return Float32Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

function relativeError(values: Float32Array, got: Float32Array): number {
  let error = 0;
  let total = 0;
  values.forEach((value, index) => {
    error += (value - got[index]!) ** 2;
    total += value ** 2;
  });
  return Math.sqrt(error / total);
}

describe('quantizeMatrix', () => {
  it.each([
    ['half a block', new Float32Array(48), 'no whole number of blocks'],
    ['infinity', new Float32Array(32).fill(Number.POSITIVE_INFINITY), 'does not fit f16'],
    ['NaN', new Float32Array(32).fill(Number.NaN), 'does not fit f16'],
    ['huge weights', new Float32Array(32).fill(1e9), 'does not fit f16'],
  ])('refuses %s', (_, values, message) => {
    for (const scheme of Object.values(quantSchemes)) {
      expect(() => quantizeMatrix(values, scheme)).toThrow(
        expect.objectContaining({ code: 'E_ARGUMENT', message: expect.stringContaining(message) }),
      );
    }
  });

  it('refuses to write 8 bits with zero points', () => {
    expect(() => quantizeMatrix(new Float32Array(32), { ...quantSchemes.q8, hasZeroPoints: true })).toThrow(
      /read, not written/,
    );
  });

  it('keeps zeros, and blocks that the codes hold exactly', () => {
    for (const scheme of Object.values(quantSchemes)) {
      expect(dequantizeMatrix(quantizeMatrix(new Float32Array(64), scheme), scheme)).toEqual(
        new Float32Array(64),
      );
    }
    const whole = Float32Array.from({ length: 32 }, (_, index) => (index % 16) - 8);
    for (const name of ['q4-affine', 'q4'] as const) {
      const scheme = quantSchemes[name];
      expect([...dequantizeMatrix(quantizeMatrix(whole, scheme), scheme)]).toEqual([...whole]);
    }
    const bytes = Float32Array.from({ length: 32 }, (_, index) => (index === 0 ? -127 : index * 4));
    expect([...dequantizeMatrix(quantizeMatrix(bytes, quantSchemes.q8), quantSchemes.q8)]).toEqual([
      ...bytes,
    ]);
  });

  it('puts the code of the even column in the low half', () => {
    const values = new Float32Array(32);
    values[0] = -8;
    values[1] = 7;
    const { codes } = quantizeMatrix(values, quantSchemes.q4);
    expect([...codes.subarray(0, 2)]).toEqual([0xf0, 0x88]);
  });

  // Bounds just above what was measured; uniform quantisation of a normal block of 32 cannot do much better.
  it.each([
    ['q8', 0.0055],
    ['q4-affine', 0.083],
    ['q4', 0.097],
  ] as const)('%s of normal weights has a relative error below %f', (name, bound) => {
    const scheme = quantSchemes[name];
    const values = normal(32 * 256, 7).map((value) => 0.02 * value);
    const error = relativeError(values, dequantizeMatrix(quantizeMatrix(values, scheme), scheme));
    expect(error).toBeLessThan(bound);
    expect(error).toBeGreaterThan(bound / 1.2);
  });

  it('searches: the error is smaller than that of the plain range', () => {
    const values = normal(32 * 64, 3);
    const { scales } = quantizeMatrix(values, quantSchemes['q4-affine']);
    expect(scales.byteLength).toBe(2 * 64);
    let plain = 0;
    for (let block = 0; block < 64; block++) {
      const part = values.subarray(32 * block, 32 * block + 32);
      const low = Math.min(...part);
      const scale = (Math.max(...part) - low) / 15;
      for (const value of part) plain += (value - (low + scale * Math.round((value - low) / scale))) ** 2;
    }
    const got = dequantizeMatrix(
      quantizeMatrix(values, quantSchemes['q4-affine']),
      quantSchemes['q4-affine'],
    );
    let searched = 0;
    values.forEach((value, index) => {
      searched += (value - got[index]!) ** 2;
    });
    expect(searched).toBeLessThan(0.93 * plain);
  });
});
