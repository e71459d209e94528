import { describeWith, requirement } from '@hybra/testing';
import { expect, it } from 'vitest';
import { loadAddon } from '../addon/load-addon.js';
import { type Layout, outputWith, random, scattered, stored } from '../testing.js';

const loaded = loadAddon();
const addon = await requirement('native', () => (loaded.addon ? undefined : loaded.reason));
const isas = loaded.addon?.isas() ?? [];

const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);

/** To bfloat16: to nearest, ties to even. */
function rounded(value: number): number {
  floats[0] = value;
  words[0] = (words[0]! + 0x7fff + ((words[0]! >> 16) & 1)) & 0xffff0000;
  return floats[0]!;
}

interface Shape extends Layout {
  readonly M: number;
  readonly K: number;
  readonly N: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly weights?: 'f32' | 'f16' | 'bf16';
}

interface Options {
  readonly isa: string;
  readonly threads?: number;
  readonly products?: 'bfloat16' | 'float32';
}

async function product({ products = 'bfloat16', ...options }: Options, shape: Shape) {
  const { batch = 1, M, K, N, transposeA = false, transposeB = false, weights = 'f32' } = shape;
  const a = scattered(shape, [M, K], transposeA, 0);
  const b = scattered(shape, [K, N], transposeB, 1);
  const { bytes, values } =
    weights === 'f32' ? { bytes: b.values, values: b.values } : stored(b.values, weights);
  const [result] = await outputWith(
    { ...options, products },
    'matmul',
    { transposeA, transposeB },
    [
      { shape: a.shape, strides: a.strides, values: a.values },
      { dtype: weights, shape: b.shape, strides: b.strides, values: bytes },
    ],
    [{ shape: [batch, M, N] }],
  );
  return { y: new Float32Array(result!.buffer), a, b: { ...b, values } };
}

// Rows and columns that no tile fits; K odd, of one number, and longer than two packed blocks of 512; every way that
// operands may lie. Up to 8 rows are dot products that round nothing, unless their operands lie across.
const shapes: readonly Shape[] = [
  { M: 9, K: 1, N: 1 },
  { M: 14, K: 2, N: 32 },
  { M: 29, K: 1111, N: 37 },
  { M: 29, K: 1111, N: 37, transposeB: true },
  { M: 29, K: 1111, N: 37, transposeA: true },
  { M: 29, K: 1111, N: 37, transposeA: true, transposeB: true },
  { M: 3, K: 65, N: 50, transposeA: true },
  { M: 43, K: 70, N: 131, step: 2, gap: 3 },
  { M: 43, K: 70, N: 131, gap: 5, transposeB: true },
  { batch: 5, M: 17, K: 33, N: 18, gap: 1 },
  { M: 1130, K: 40, N: 9, transposeB: true },
  ...(['bf16', 'f16'] as const).flatMap((weights) => [
    { M: 21, K: 77, N: 45, weights },
    { M: 21, K: 77, N: 45, weights, transposeB: true },
    { M: 21, K: 77, N: 45, weights, transposeB: true, step: 3 },
  ]),
];

describeWith(addon, 'products of numbers rounded to bfloat16', () => {
  it.each(isas.flatMap((isa) => shapes.map((shape) => ({ isa, ...shape }))))(
    'are right: $isa, [$M, $K] · [$K, $N] $weights, a across: $transposeA, b across: $transposeB, step $step',
    async ({ isa, ...shape }) => {
      const { y, a, b } = await product({ isa, threads: 2 }, shape);
      let worst = 0;
      let worstOfBound = 0;
      for (let index = 0; index < y.length; index++) {
        const [i, m, n] = [
          Math.floor(index / shape.N / shape.M),
          Math.floor(index / shape.N) % shape.M,
          index % shape.N,
        ];
        let [sum, exact, size] = [0, 0, 0];
        for (let k = 0; k < shape.K; k++) {
          const [left, right] = [a.values[a.at(i, m, k)]!, b.values[b.at(i, k, n)]!];
          sum += rounded(left) * rounded(right);
          exact += left * right;
          size += Math.abs(left * right);
        }
        worst = Math.max(worst, Math.abs(y[index]! - sum) / size);
        worstOfBound = Math.max(worstOfBound, Math.abs(y[index]! - exact) / size);
      }
      // Beside rounded operands there are only roundings of sums in float32 (6e-8 each).
      expect(worst).toBeLessThan(1e-6);
      // The stated tolerance: 2⁻⁸ for each operand. And it rounds: exact products would be three orders nearer.
      expect(worstOfBound).toBeLessThan(2 ** -7);
      expect(worstOfBound).toBeGreaterThan(1e-4);
    },
  );

  it.each(isas)('have the same bits with any number of threads: %s', async (isa) => {
    const shape = { M: 300, K: 300, N: 300 };
    const one = await product({ isa, threads: 1 }, shape);
    for (const threads of [2, 5]) expect((await product({ isa, threads }, shape)).y).toEqual(one.y);
  });

  it.each(isas)('agree with those of the other instruction sets: %s', async (isa) => {
    const shape = { M: 30, K: 600, N: 40, transposeB: true };
    const [{ y }, first] = [await product({ isa }, shape), await product({ isa: isas[0]! }, shape)];
    // Sums of 600 terms of at most 1, in another order.
    for (const [index, value] of y.entries()) expect(Math.abs(value - first.y[index]!)).toBeLessThan(2e-5);
  });

  it.each(isas)('leave few rows unrounded: %s', async (isa) => {
    const shape = { M: 8, K: 100, N: 9, transposeB: true };
    const exact = await product({ isa, products: 'float32' }, shape);
    expect((await product({ isa }, shape)).y).toEqual(exact.y);
  });

  it.each(isas.flatMap((isa) => ['low', 'high'].map((place) => ({ isa, place }))))(
    'carry what is not finite, and only where it meets: $isa, $place half of a pair',
    async ({ isa, place }) => {
      const [M, K, N] = [20, 34, 17];
      const at = 3 * K + (place === 'low' ? 6 : 7);
      // A NaN whose mantissa would round up into the sign.
      for (const word of [0x7fffffff, 0x7f800000, 0xff800000, 0x7f7fffff]) {
        const a = random(M * K, 0.5, 1);
        new Uint32Array(a.buffer, a.byteOffset)[at] = word;
        const [bytes] = await outputWith(
          { isa, products: 'bfloat16' },
          'matmul',
          { transposeA: false, transposeB: false },
          [
            { shape: [M, K], values: a },
            { shape: [K, N], values: random(K * N, 0.5, 1) },
          ],
          [{ shape: [M, N] }],
        );
        const y = new Float32Array(bytes!.buffer);
        const finite = [...y].map(Number.isFinite);
        expect(finite).toEqual(Array.from({ length: M * N }, (_, index) => Math.floor(index / N) !== 3));
        // The largest float32 is beyond the largest bfloat16.
        const expected = word === 0x7fffffff ? Number.NaN : word === 0xff800000 ? -Infinity : Infinity;
        expect(y[3 * N]).toBe(expected);
      }
    },
  );
});
