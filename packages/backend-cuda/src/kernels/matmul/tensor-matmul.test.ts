import { contiguousStrides, type ProgramCall } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import type { Launch } from '../../launch/launch.js';
import { tensorMatmulKernel } from './tensor-matmul.js';

function productOf(M: number, K: number, N: number): ProgramCall {
  const operand = (dtype: 'f32' | 'bf16', shape: number[], buffer: number) => ({
    buffer,
    dtype,
    shape,
    strides: contiguousStrides(shape),
    offset: 0,
  });
  return {
    op: 'matmul',
    kernel: 'cuda/matmul-tensor-rounded',
    inputs: [operand('f32', [M, K], 0), operand('bf16', [N, K], 1)],
    outputs: [operand('f32', [M, N], 2)],
    attributes: { transposeA: false, transposeB: true },
    scratch: { buffer: 3, byteLength: 2 ** 30 },
  };
}

function launchesOf(M: number, K: number, N: number) {
  return tensorMatmulKernel(1)
    .plan(productOf(M, K, N))
    .map((launch) => launch as Extract<Launch, { kind: 'kernel' }>);
}

describe('tensorMatmulKernel', () => {
  it.each([
    [3, '16x64', 64],
    [16, '16x64', 64],
    [17, '32x128', 128],
    [64, '64x128', 256],
  ])('gives all of %i rows to one tile, so that a weight is read once', (M, tile, threads) => {
    const [product] = launchesOf(M, 4096, 16_384);
    expect(product).toMatchObject({ entry: `matmul_tensor_f32_1_${tile}`, block: threads });
    expect(product!.grid[0]).toBe(1);
  });

  it('cuts K where tiles are few, and joins the parts in order', () => {
    // Down projection of the 8B models: 32 tiles on 132 multiprocessors.
    const [product, join] = launchesOf(64, 16_384, 4096);
    expect(product!.grid).toEqual([1, 32, 8]);
    expect(join!.entry).toBe('matmul_join');
    const support = tensorMatmulKernel(1).supports(productOf(64, 16_384, 4096));
    expect(support.supported && support.scratchBytes).toBe(8 * 64 * 4096 * 4);
    expect(launchesOf(64, 4096, 256_000)).toHaveLength(1);
  });

  it('keeps square tiles for many rows, and where large ones would leave multiprocessors idle', () => {
    // Input projection of a 130M model: 27 tiles of 128 columns, and too short a K to cut.
    expect(launchesOf(64, 768, 3352)[0]).toMatchObject({ grid: [2, 105, 2] });
    expect(launchesOf(200, 4096, 16_384)[0]!.entry).toBe('matmul_tensor_f32_1_128x128');
    expect(launchesOf(64, 4096, 512)[0]!.entry).toBe('matmul_tensor_f32_1_32x32');
  });
});
