import { contiguousStrides, type OpCall, type Operand, type ProgramCall } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { quantizedGemvKernel } from './quantized-gemv.js';

function operand(buffer: number, shape: readonly number[], dtype: Operand['dtype'], offset = 0): Operand {
  return { buffer, dtype, shape, strides: contiguousStrides(shape), offset };
}

function callOf(
  bits: 4 | 8,
  [M, K, N]: readonly [number, number, number],
  options: { blockSize?: number; scales?: Operand['dtype']; x?: Operand['dtype']; offset?: number } = {},
): ProgramCall & OpCall {
  const { blockSize = 32, scales = 'f16', x = 'f32', offset = 0 } = options;
  return {
    op: 'quantizedMatmul',
    kernel: quantizedGemvKernel.name,
    inputs: [
      operand(0, [M, K], x),
      bits === 8 ? operand(1, [N, K], 'i8', offset) : operand(1, [N, K / 2], 'u8', offset),
      operand(2, [N, K / blockSize], scales),
    ],
    outputs: [operand(3, [M, N], x)],
    attributes: { bits, blockSize },
  };
}

const reasonOf = (call: OpCall): string | undefined => {
  const support = quantizedGemvKernel.supports(call);
  return support.supported ? undefined : support.reason;
};

describe('cuda/quantized-gemv', () => {
  it('says why it does not take a call', () => {
    expect(reasonOf(callOf(8, [9, 256, 4]))).toMatch(/more than 8 rows/);
    expect(reasonOf(callOf(8, [1, 256, 4], { x: 'bf16' }))).toMatch(/x is bf16/);
    expect(reasonOf(callOf(8, [1, 256, 4], { scales: 'f32' }))).toMatch(/scales are not f16/);
    // A lane's 16 bytes are 32 codes of 4 bits, which would have two scales.
    expect(reasonOf(callOf(4, [1, 256, 4], { blockSize: 16 }))).toMatch(/blocks of 16 codes of 4 bits/);
    expect(reasonOf(callOf(8, [8, 8192, 4]))).toMatch(/shared memory/);
  });
  it('takes blocks of 16 codes of 8 bits, and of 32 of 4', () => {
    expect(reasonOf(callOf(8, [8, 64, 4], { blockSize: 16 }))).toBeUndefined();
    expect(reasonOf(callOf(4, [3, 96, 7]))).toBeUndefined();
  });
  it('launches nothing for no rows or no outputs', () => {
    expect(quantizedGemvKernel.plan(callOf(8, [0, 64, 4]))).toEqual([]);
    expect(quantizedGemvKernel.plan(callOf(8, [1, 64, 0]))).toEqual([]);
  });
  it('has a step for one row whose scales are whole 16-byte words', () => {
    const stepOf = (call: ProgramCall): unknown => {
      const [launch] = quantizedGemvKernel.plan(call);
      return launch?.kind === 'kernel' ? launch.step?.op : undefined;
    };
    expect(stepOf(callOf(4, [1, 512, 4]))).toBe('product');
    expect(stepOf(callOf(4, [1, 128, 4]))).toBeUndefined();
    expect(stepOf(callOf(4, [2, 512, 4]))).toBeUndefined();
    expect(stepOf(callOf(4, [1, 512, 4], { offset: 8 }))).toBeUndefined();
  });
});
