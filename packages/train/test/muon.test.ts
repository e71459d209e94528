import { cpu } from '@hybra/backend-cpu';
import { initialWeights, uniformStream } from '@hybra/models';
import type { Device } from '@hybra/spec';
import { data, literal } from '@hybra/tensor';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { arrayTokens, createTrainer, streamBatches, type TrainerOptions } from '../src/index.js';
import { muon, orthogonal } from '../src/optimizer/muon.js';
import { countingTokens, tinyHybrid } from './tiny-model.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

type Matrix = readonly (readonly number[])[];

const noise = (rows: number, columns: number, seed: number): number[][] => {
  const uniform = uniformStream(seed, 0);
  return Array.from({ length: rows }, () => Array.from({ length: columns }, () => 2 * uniform() - 1));
};
const tensor = (matrix: Matrix) =>
  literal(Float32Array.from(matrix.flat()), [matrix.length, matrix[0]!.length], 'f32');
const transposed = (matrix: Matrix): number[][] => matrix[0]!.map((_, j) => matrix.map((row) => row[j]!));
const product = (a: Matrix, b: Matrix): number[][] =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
const combine = (a: Matrix, b: Matrix, of: (x: number, y: number) => number): number[][] =>
  a.map((row, i) => row.map((value, j) => of(value, b[i]![j]!)));

/** Newton–Schulz as the authors write it, in float64. */
function newtonSchulz(matrix: Matrix): number[][] {
  if (matrix.length > matrix[0]!.length) return transposed(newtonSchulz(transposed(matrix)));
  const norm = Math.hypot(...matrix.flat());
  let X = matrix.map((row) => row.map((value) => value / norm));
  for (let round = 0; round < 5; round++) {
    const A = product(X, transposed(X));
    const B = combine(A, product(A, A), (first, second) => -4.775 * first + 2.0315 * second);
    X = combine(X, product(B, X), (first, second) => 3.4445 * first + second);
  }
  return X;
}

async function values(x: Parameters<typeof data>[0]): Promise<number[]> {
  return Array.from(await data(x, { device }), Number);
}

const text = streamBatches(arrayTokens(countingTokens(2000)), { rows: 4, time: 24, seed: 3 });
const trainer = (options: Partial<TrainerOptions> = {}) =>
  createTrainer({
    device,
    config: tinyHybrid,
    weights: initialWeights(tinyHybrid, 1),
    batch: 4,
    time: 24,
    muon: {},
    ...options,
  });

it('refuses a momentum that never forgets', async () => {
  await expect(trainer({ muon: { momentum: 1 } })).rejects.toThrow(/momentum is 1/);
  await expect(trainer({ muon: { momentum: Number.NaN } })).rejects.toMatchObject({ code: 'E_ARGUMENT' });
});

it('makes matrices orthogonal, as far as five rounds go, whatever their size and shape', async () => {
  for (const [rows, columns, size] of [
    [6, 6, 1],
    [4, 9, 1e-6],
    [9, 4, 1e6],
  ] as const) {
    const matrix = noise(rows, columns, 7).map((row) => row.map((value) => value * size));
    const got = await values(orthogonal(tensor(matrix)));
    const expected = newtonSchulz(matrix).flat();
    // Five rounds of products in float32, each magnifying what is small by up to 3.4.
    for (const [index, value] of got.entries()) expect(Math.abs(value - expected[index]!)).toBeLessThan(1e-4);
    const X = Array.from({ length: rows }, (_, i) => got.slice(i * columns, (i + 1) * columns));
    const gram = rows <= columns ? product(X, transposed(X)) : product(transposed(X), X);
    for (const [i, row] of gram.entries()) {
      // Squares of singular values in 0.7 … 1.2, the authors' range; noise of a small matrix may begin lower.
      expect(row[i]).toBeGreaterThan(0.3);
      expect(row[i]).toBeLessThan(1.5);
    }
  }
  expect(await values(orthogonal(tensor([[0, 0]])))).toEqual([0, 0]);
});

it('takes the step of the formula, and none where the gradient is not finite', async () => {
  const [parameter, first, gradient] = [noise(3, 5, 1), noise(3, 5, 2), noise(3, 5, 3)];
  const after = (scale: number) =>
    muon(
      { parameter: tensor(parameter), first: tensor(first) },
      tensor(gradient),
      literal(Float32Array.of(0.1, 1, 1, scale), [4], 'f32'),
      { momentum: 0.9, decay: 0.2 },
    );
  const momentum = combine(first, gradient, (m, g) => 0.9 * m + 0.5 * g);
  const U = newtonSchulz(combine(gradient, momentum, (g, m) => 0.5 * g + 0.9 * m));
  const expected = combine(parameter, U, (p, u) => p - 0.1 * (0.2 * Math.sqrt(5) * u + 0.2 * p)).flat();
  const result = after(0.5);
  const [moved, kept] = [await values(result.parameter), await values(result.first)];
  for (const [index, value] of moved.entries()) expect(Math.abs(value - expected[index]!)).toBeLessThan(1e-5);
  for (const [index, value] of kept.entries()) expect(value).toBeCloseTo(momentum.flat()[index]!, 6);
  const broken = after(Number.NaN);
  expect(await values(broken.parameter)).toEqual(await values(tensor(parameter)));
  expect(await values(broken.first)).toEqual(await values(tensor(first)));
});

it('learns, and keeps one moment of the matrices that it trains', async () => {
  const made = await trainer();
  const losses: number[] = [];
  for (let step = 0; step < 60; step++) losses.push((await made.takeStep(text.at(step), 1e-2)).loss);
  expect(losses[0]).toBeGreaterThan(2.5); // ln 17 = 2.83
  expect(losses.at(-1)).toBeLessThan(1.2);
  const states = made.snapshot().map(({ name }) => name);
  for (const [name, hasSecond] of [
    ['layers.0.mixer.inProjection.weight', false],
    ['layers.2.mixer.query.weight', false],
    ['embedding.weight', true],
    ['head.weight', true],
    ['layers.0.mixer.convolution.weight', true],
    ['layers.4.mixer.logDecay', true],
  ] as const) {
    expect(states).toContain(`first moment ${name}`);
    expect(states.includes(`second moment ${name}`), name).toBe(hasSecond);
  }
  made.dispose();
});
