import { contiguousStrides, type DType, type ProgramCall } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import type { CudaKernel } from '../../kernel.js';
import type { Launch } from '../../launch/launch.js';
import { standardKernels } from '../index.js';
import { wgmmaMatmulKernel } from './wgmma-matmul.js';

type Side = readonly [shape: readonly number[], dtype: DType];

function callOf(
  a: Side,
  b: Side,
  y: readonly number[],
  transposed: readonly [boolean, boolean],
): ProgramCall {
  const operand = (buffer: number, [shape, dtype]: Side) => ({
    buffer,
    dtype,
    shape,
    strides: contiguousStrides(shape),
    offset: 0,
  });
  return {
    op: 'matmul',
    kernel: 'cuda/matmul-wgmma',
    inputs: [operand(0, a), operand(1, b)],
    outputs: [operand(2, [y, 'f32'])],
    attributes: { transposeA: transposed[0], transposeB: transposed[1] },
    scratch: { buffer: 3, byteLength: 2 ** 30 },
  };
}

function entriesOf(kernel: CudaKernel, call: ProgramCall): string[] {
  return kernel.plan(call).map((launch) => (launch.kind === 'kernel' ? launch.entry : 'copy'));
}

function productOf(kernel: CudaKernel, call: ProgramCall): Extract<Launch, { kind: 'kernel' }> {
  const found = kernel.plan(call).find((launch) => launch.kind === 'kernel' && launch.maps !== undefined);
  return found as Extract<Launch, { kind: 'kernel' }>;
}

const linear = callOf([[2048, 2560], 'f32'], [[10_576, 2560], 'bf16'], [2048, 10_576], [false, true]);

describe('wgmmaMatmulKernel', () => {
  it('takes a bfloat16 weight as it is, and cuts activations into as many pieces as asked for', () => {
    expect(entriesOf(wgmmaMatmulKernel(3), linear)).toEqual(['cut_rows_3', 'matmul_wgmma_256_00']);
    expect(entriesOf(wgmmaMatmulKernel(1), linear)).toEqual(['cut_rows_1', 'matmul_wgmma_256_00']);
    const { maps } = productOf(wgmmaMatmulKernel(3), linear);
    expect(maps![0]).toMatchObject({
      place: { buffer: 3, byteOffset: 0 },
      width: 2560,
      rows: 2048,
      matrices: 3,
    });
    expect(maps![1]).toMatchObject({ place: { buffer: 1, byteOffset: 0 }, rowBytes: 5120, matrices: 1 });
  });
  it('sums the pairs of pieces that matter, the smallest first', () => {
    const parameters = (call: ProgramCall): number[] =>
      productOf(wgmmaMatmulKernel(3), call).parameters.flatMap((each) =>
        each.kind === 'u32' ? [each.value] : [],
      );
    // M, N, steps, pairs, pieces of a and of b, the first pair in the lowest four bits.
    expect(parameters(linear).slice(0, 6)).toEqual([2048, 10_576, 40, 3, 0x012, 0]);
    const square = callOf([[256, 128], 'f32'], [[128, 256], 'f32'], [256, 256], [false, false]);
    expect(parameters(square).slice(2, 4)).toEqual([2, 6]);
    const [, , , , left, right] = parameters(square) as [number, number, number, number, number, number];
    const pairs = Array.from({ length: 6 }, (_, index) => [
      (left >> (4 * index)) & 15,
      (right >> (4 * index)) & 15,
    ]);
    expect(pairs.map(([i, j]) => i! + j!)).toEqual([2, 2, 2, 1, 1, 0]);
    expect(new Set(pairs.map(String)).size).toBe(6);
  });
  it('takes sides that lie across as they lie, but for a alone, and gives scratch for all of it', () => {
    const call = callOf([[3, 200, 96], 'f32'], [[3, 200, 136], 'f32'], [3, 96, 136], [true, false]);
    const kernel = wgmmaMatmulKernel(1);
    const entries = entriesOf(kernel, call);
    expect(entries.slice(0, 2)).toEqual(['cut_rows_1', 'cut_rows_1']);
    expect(entries[2]).toMatch(/^matmul_wgmma_\d+_11$/);
    expect(productOf(kernel, call).maps![0]).toMatchObject({
      width: 96,
      rows: 200,
      matrices: 3,
      tileRows: 64,
    });
    const alone = callOf([[3, 200, 96], 'f32'], [[3, 136, 200], 'f32'], [3, 96, 136], [true, true]);
    expect(entriesOf(kernel, alone).slice(0, 2)).toEqual(['cut_columns_1', 'cut_rows_1']);
    expect(entriesOf(kernel, alone)[2]).toMatch(/_00$/);
    const support = kernel.supports(call);
    const leastBytes = 3 * (96 + 136) * 200 * 2;
    expect(support.supported && support.scratchBytes).toBeGreaterThanOrEqual(leastBytes);
  });
  it('leaves few rows and small products to others', () => {
    const few = callOf([[64, 2560], 'f32'], [[10_576, 2560], 'bf16'], [64, 10_576], [false, true]);
    expect(wgmmaMatmulKernel(3).supports(few)).toMatchObject({ supported: false });
    const small = callOf([[64, 64], 'f32'], [[64, 64], 'f32'], [64, 64], [false, true]);
    expect(wgmmaMatmulKernel(3).supports(small)).toMatchObject({ supported: false });
  });
});

describe('standardKernels', () => {
  it("has Hopper's kernels on Hopper alone: 10.0 and 12.0 have no wgmma", () => {
    const hopper = (capability?: number): boolean =>
      standardKernels(capability === undefined ? {} : { capability }).some(({ name }) =>
        name.includes('wgmma'),
      );
    expect([undefined, 8, 9, 10, 12].map(hopper)).toEqual([false, false, true, false, false]);
  });
});
