import { describeWith, requirement } from '@hybra/testing';
import { expect, it } from 'vitest';
import { loadAddon } from '../addon/load-addon.js';
import { outputWith, random, randomWords, roundToEven } from '../testing.js';

const loaded = loadAddon();
const addon = await requirement('native', () => (loaded.addon ? undefined : loaded.reason));
const isas = loaded.addon?.isas() ?? [];

/** Columns of x that are rounded together (`integerColumns` in `native/simd/integer-dot.hpp`). */
const groupColumns = 32;

interface Kind {
  readonly bits: 4 | 8;
  readonly blockSize: number;
  readonly hasZeros: boolean;
}

interface Product extends Kind {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly x: Float32Array;
}

/** A product of random codes: what the kernel gives, and each weight as code − zero and scale. */
async function product(isa: string, { bits, blockSize, hasZeros, M, N, K, x }: Product) {
  const blocks = K / blockSize;
  const codes = new Uint8Array(randomWords((N * K * bits) / 32).buffer);
  const scales = random(N * blocks, 0.5, 1);
  const zeros = random(N * blocks, 3, 12);
  const perBlock = { shape: [N, blocks] };
  const [bytes] = await outputWith(
    { isa },
    'quantizedMatmul',
    { bits, blockSize },
    [
      { shape: [M, K], values: x },
      { dtype: bits === 8 ? 'i8' : 'u8', shape: [N, (K * bits) / 8], values: codes },
      { ...perBlock, values: scales },
      ...(hasZeros ? [{ ...perBlock, values: zeros }] : []),
    ],
    [{ shape: [M, N] }],
  );
  const weightAt = (n: number, k: number) => {
    const index = n * K + k;
    const block = n * blocks + Math.floor(k / blockSize);
    const zero = hasZeros ? zeros[block]! : bits === 4 ? 8 : 0;
    const code = bits === 8 ? (codes[index]! << 24) >> 24 : (codes[index >> 1]! >> (4 * (index & 1))) & 15;
    return { code, zero, scale: scales[block]! };
  };
  return { y: new Float32Array(bytes!.buffer), weightAt };
}

/** x as the kernel rounds it, and the largest error that this may make in each element. */
function rounded(x: Float32Array): { readonly values: Float64Array; readonly bounds: Float64Array } {
  const values = new Float64Array(x.length);
  const bounds = new Float64Array(x.length);
  for (let from = 0; from < x.length; from += groupColumns) {
    const group = x.subarray(from, from + groupColumns);
    const largest = Math.max(...group.map(Math.abs));
    const inverse = Math.fround(127 / largest);
    group.forEach((value, index) => {
      values[from + index] = roundToEven(Math.fround(value * inverse)) * Math.fround(largest / 127);
      bounds[from + index] = largest / 254;
    });
  }
  return { values, bounds };
}

describeWith(addon, 'numbers that int8 cannot say', () => {
  const row = (change: (x: Float32Array) => void): Float32Array => {
    const x = random(9 * 64, -1, 1);
    change(x);
    return x;
  };
  const shape = { bits: 8, blockSize: 32, hasZeros: false, N: 3, K: 64 } as const;

  it.each(isas.flatMap((isa) => [1, 5, 9].map((M) => ({ isa, M }))))(
    'make a row that is not finite, and only that: $isa, $M rows',
    async ({ isa, M }) => {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const x = row((all) => all.fill(value, (M - 1) * 64 + 40, (M - 1) * 64 + 41)).subarray(0, M * 64);
        const { y } = await product(isa, { ...shape, M, x });
        expect([...y].map(Number.isFinite)).toEqual(
          Array.from({ length: 3 * M }, (_, index) => index < 3 * (M - 1)),
        );
      }
    },
  );

  it.each(isas)('zeros and numbers near the smallest give nearly zero: %s', async (isa) => {
    const x = row((all) => all.fill(0, 0, 64).fill(1e-42, 64, 128).fill(-1e-42, 128, 192));
    const { y } = await product(isa, { ...shape, M: 9, x });
    expect([...y.subarray(0, 3)]).toEqual([0, 0, 0]);
    // 64 weights of at most 128.
    for (const value of y.subarray(3, 9)) expect(Math.abs(value)).toBeLessThan(64 * 128 * 1e-42);
  });
});

// Longer than a packed panel is deep (16 · 32) and than a run of scales, with an incomplete one at the end; rows and
// columns that no tile fits; blocks of one group of columns and of two.
describeWith(addon, 'products of int8', () => {
  const N = 37;
  const kinds: readonly Kind[] = ([8, 4] as const).flatMap((bits) =>
    [32, 64].flatMap((blockSize) => [false, true].map((hasZeros) => ({ bits, blockSize, hasZeros }))),
  );
  const cases = isas.flatMap((isa) =>
    kinds.flatMap((kind) =>
      [1, 2, 3, 4, 7, 10, 29].flatMap((M) => [576, 2112].map((K) => ({ isa, ...kind, M, N, K }))),
    ),
  );

  it.each(cases)(
    'are right: $isa, $bits bits in blocks of $blockSize, [$M, $K], zeros $hasZeros',
    async ({ isa, ...shape }) => {
      const { M, K } = shape;
      // Columns that are far larger, as activations have: a scale of a whole row would lose the others.
      const x = random(M * K, -1, 1).map((value, index) => (index % 77 === 0 ? 100 * value : value));
      const { y, weightAt } = await product(isa, { ...shape, x });
      const { values, bounds } = rounded(x);
      let worst = 0;
      let worstOfBound = 0;
      for (let m = 0; m < M; m++) {
        for (let n = 0; n < N; n++) {
          let sum = 0;
          let exact = 0;
          let size = 0;
          let bound = 0;
          for (let k = 0; k < K; k++) {
            const { code, zero, scale } = weightAt(n, k);
            const weight = scale * (code - zero);
            sum += values[m * K + k]! * weight;
            exact += x[m * K + k]! * weight;
            size += Math.abs(values[m * K + k]!) * scale * (Math.abs(code) + zero);
            bound += bounds[m * K + k]! * Math.abs(weight);
          }
          const got = y[m * N + n]!;
          worst = Math.max(worst, Math.abs(got - sum) / size);
          worstOfBound = Math.max(worstOfBound, Math.abs(got - exact) / (bound + 1e-6 * size));
        }
      }
      // Beside rounded activations there are only roundings of float32 (6e-8), a few deep in partial sums.
      expect(worst).toBeLessThan(1e-6);
      // The stated tolerance: half a step of 127 for each activation, all in the same direction.
      expect(worstOfBound).toBeLessThan(1);
      // And it rounds: exact products would be three orders nearer.
      expect(worstOfBound).toBeGreaterThan(1e-3);
    },
  );
});
