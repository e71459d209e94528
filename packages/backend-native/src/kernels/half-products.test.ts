import { describeWith, requirement } from '@hybra/testing';
import { expect, it } from 'vitest';
import { loadAddon } from '../addon/load-addon.js';
import type { NativeOptions } from '../backend.js';
import { type Layout, outputWith, random, roundToEven, scattered, stored } from '../testing.js';

const loaded = loadAddon();
const addon = await requirement('native', () => (loaded.addon ? undefined : loaded.reason));
const isas = loaded.addon?.isas() ?? [];

/** Columns that are rounded together, and the largest code (`native/simd/half-tile.hpp`). */
const [blockColumns, largestCode] = [32, 8191];

interface Shape extends Layout {
  readonly M: number;
  readonly K: number;
  readonly N: number;
  readonly transposeA?: boolean;
  readonly weights?: 'f16' | 'bf16';
}

async function product(options: NativeOptions, shape: Shape) {
  const { batch = 1, M, K, N, transposeA = false, weights = 'f16' } = shape;
  const a = scattered(shape, [M, K], transposeA, 0);
  const b = scattered(shape, [K, N], true, 1);
  const { bytes, values } = stored(b.values, weights);
  // Columns that are far larger, as activations have: a scale of a whole row would lose the others.
  for (let m = 0; m < M; m++) for (let k = 0; k < K; k += 77) a.values[a.at(0, m, k)]! *= 100;
  const [result] = await outputWith(
    options,
    'matmul',
    { transposeA, transposeB: true },
    [
      { shape: a.shape, strides: a.strides, values: a.values },
      { dtype: weights, shape: b.shape, strides: b.strides, values: bytes },
    ],
    [{ shape: [batch, M, N] }],
  );
  return { y: new Float32Array(result!.buffer), a, b: { ...b, values } };
}

/** A row as the kernel rounds it, and the largest error that this may make in each number. */
function rounded(row: Float32Array) {
  const values = new Float64Array(row.length);
  const bounds = new Float64Array(row.length);
  for (let from = 0; from < row.length; from += blockColumns) {
    const block = row.subarray(from, from + blockColumns);
    const largest = Math.max(...block.map(Math.abs));
    const inverse = Math.fround(largestCode / largest);
    block.forEach((value, index) => {
      values[from + index] = (roundToEven(Math.fround(value * inverse)) * largest) / largestCode;
      bounds[from + index] = largest / (2 * largestCode);
    });
  }
  return { values, bounds };
}

// Rows and columns that no tile fits; K of less than a block, with an incomplete last one, and deeper than a packed
// panel (8 · 32); more rows than are packed at once; operands across and with holes.
const shapes: readonly Shape[] = [
  { M: 9, K: 1, N: 1 },
  { M: 12, K: 32, N: 32 },
  { M: 29, K: 1111, N: 37 },
  { M: 29, K: 1111, N: 37, weights: 'bf16' },
  { M: 29, K: 611, N: 37, transposeA: true },
  { M: 43, K: 70, N: 131, step: 2, gap: 3 },
  { M: 43, K: 96, N: 131, gap: 5, weights: 'bf16' },
  { batch: 3, M: 17, K: 33, N: 18, gap: 1 },
  { M: 530, K: 40, N: 9 },
];

describeWith(addon, 'products with weights of 16-bit floats in 14 bits', () => {
  it.each(isas.flatMap((isa) => shapes.map((shape) => ({ isa, ...shape }))))(
    'are right: $isa, [$M, $K] · [$K, $N] $weights, a across: $transposeA, step $step',
    async ({ isa, ...shape }) => {
      const { batch = 1, M, K, N } = shape;
      const { y, a, b } = await product({ isa, threads: 2 }, shape);
      const run = (values: Float32Array, at: (k: number) => number) =>
        Float32Array.from({ length: K }, (_, k) => values[at(k)]!);
      let [worst, worstOfBound] = [0, 0];
      for (let i = 0; i < batch; i++) {
        const columns = Array.from({ length: N }, (_, n) => run(b.values, (k) => b.at(i, k, n)));
        const roundedColumns = columns.map(rounded);
        for (let m = 0; m < M; m++) {
          const row = run(a.values, (k) => a.at(i, m, k));
          const { values, bounds } = rounded(row);
          for (let n = 0; n < N; n++) {
            const column = roundedColumns[n]!;
            let [sum, exact, size, bound] = [0, 0, 0, 0];
            for (let k = 0; k < K; k++) {
              const weight = columns[n]![k]!;
              sum += values[k]! * column.values[k]!;
              exact += row[k]! * weight;
              size += Math.abs(row[k]! * weight);
              bound +=
                bounds[k]! * (Math.abs(weight) + column.bounds[k]!) + column.bounds[k]! * Math.abs(row[k]!);
            }
            const got = y[(i * M + m) * N + n]!;
            worst = Math.max(worst, Math.abs(got - sum) / size);
            worstOfBound = Math.max(worstOfBound, Math.abs(got - exact) / (bound + 1e-6 * size));
          }
        }
      }
      // Beside rounded operands there are only roundings of float32 (6e-8), a few deep in partial sums; and codes
      // that are rounded the other way here, where the scaled number is a half to within a rounding (1.2e-4 of K).
      expect(worst).toBeLessThan(K > 100 ? 2e-6 : 2e-5);
      // The stated tolerance: half a step for each number, all in the same direction.
      expect(worstOfBound).toBeLessThan(1);
      // And it rounds, but where every number is the largest of its block.
      if (K > 1) expect(worstOfBound).toBeGreaterThan(1e-3);
    },
  );

  it.each(isas)('have the same bits with any number of threads: %s', async (isa) => {
    const shape = { M: 300, K: 300, N: 300 };
    const one = await product({ isa, threads: 1 }, shape);
    for (const threads of [2, 5]) expect((await product({ isa, threads }, shape)).y).toEqual(one.y);
  });

  it.each(isas)('are exact where float32 is asked for, and for few rows: %s', async (isa) => {
    const shape = { M: 20, K: 600, N: 40 };
    const { y, a, b } = await product({ isa, halfProducts: 'float32' }, shape);
    const few = await product({ isa }, { ...shape, M: 8 });
    for (const [got, rows] of [
      [y, 20],
      [few.y, 8],
    ] as const) {
      for (let m = 0; m < rows; m++) {
        let [sum, size] = [0, 0];
        for (let k = 0; k < 600; k++) {
          const term = a.values[a.at(0, m, k)]! * b.values[b.at(0, k, 5)]!;
          sum += term;
          size += Math.abs(term);
        }
        expect(Math.abs(got[m * 40 + 5]! - sum) / size).toBeLessThan(1e-6);
      }
    }
  });

  it.each(isas)('carry what is not finite, and only where it meets: %s', async (isa) => {
    const [M, K, N] = [20, 70, 17];
    const weights = stored(random(N * K, 0.5, 1), 'f16').bytes;
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const place of ['activation', 'weight']) {
        const a = random(M * K, 0.5, 1);
        const b = weights.slice();
        if (place === 'activation') a[3 * K + 40] = value;
        else b[3 * K + 40] = Number.isNaN(value) ? 0x7e00 : value > 0 ? 0x7c00 : 0xfc00;
        const [bytes] = await outputWith(
          { isa },
          'matmul',
          { transposeA: false, transposeB: true },
          [
            { shape: [M, K], values: a },
            { dtype: 'f16', shape: [N, K], values: b },
          ],
          [{ shape: [M, N] }],
        );
        const isMet = (index: number): boolean =>
          place === 'activation' ? Math.floor(index / N) === 3 : index % N === 3;
        expect([...new Float32Array(bytes!.buffer)].map(Number.isFinite)).toEqual(
          Array.from({ length: M * N }, (_, index) => !isMet(index)),
        );
      }
    }
  });

  it.each(isas)('take zeros and numbers near the smallest: %s', async (isa) => {
    const [M, K, N] = [9, 64, 3];
    const a = random(M * K, -1, 1)
      .fill(0, 0, K)
      .fill(1e-42, K, 2 * K);
    const [bytes] = await outputWith(
      { isa },
      'matmul',
      { transposeA: false, transposeB: true },
      [
        { shape: [M, K], values: a },
        { dtype: 'f16', shape: [N, K], values: stored(random(N * K, -1, 1), 'f16').bytes },
      ],
      [{ shape: [M, N] }],
    );
    const y = new Float32Array(bytes!.buffer);
    expect([...y.subarray(0, N)].map(Math.abs)).toEqual([0, 0, 0]);
    // 64 weights of at most 2.
    for (const value of y.subarray(N, 2 * N)) expect(Math.abs(value)).toBeLessThan(128 * 1e-42);
  });
});
