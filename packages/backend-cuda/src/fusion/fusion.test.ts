import {
  contiguousStrides,
  type Operand,
  type Program,
  type ProgramCall,
  resolveKernels,
  specVersion,
} from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { standardKernels } from '../kernels/index.js';
import { planProgram } from './plan-program.js';

const kernels = standardKernels();
const K = 64;
const N = 32;
/** Bytes of every buffer here: room for any operand. */
const byteLength = N * K * 2;

// Bindings: 0 x, 1 norm weight, 2 weight, 3 residual in, 4 output. Arena buffers 5 … 9 from 0, one after the other.
function operand(buffer: number, shape: readonly number[], dtype: Operand['dtype'] = 'f32'): Operand {
  return { buffer, dtype, shape, strides: contiguousStrides(shape), offset: 0 };
}

function call(
  kernel: string,
  op: string,
  inputs: readonly Operand[],
  output: Operand,
  attributes = {},
): ProgramCall {
  return { op, kernel, inputs, outputs: [output], attributes };
}

const norm = call('cuda/rms-norm', 'rmsNorm', [operand(0, [1, K]), operand(1, [K])], operand(5, [1, K]), {
  epsilon: 1e-5,
});
const product = call(
  'cuda/gemv',
  'matmul',
  [operand(5, [1, K]), operand(2, [N, K], 'bf16')],
  operand(6, [1, N]),
  { transposeA: false, transposeB: true },
);
const sum = call('cuda/add', 'add', [operand(3, [1, N]), operand(6, [1, N])], operand(4, [1, N]));

function programOf(calls: readonly ProgramCall[], arena = [0, 1, 2, 3, 4]): Program {
  const roles = ['input', 'weight', 'weight', 'input', 'output'] as const;
  return {
    specVersion,
    label: 'test',
    bindings: roles.map((role, index) => ({ name: `b${index}`, role, byteLength })),
    segments: [byteLength * 5],
    buffers: [
      ...roles.map((_, index) => ({ location: { kind: 'binding', index } as const, byteLength })),
      ...arena.map((slot) => ({
        location: { kind: 'arena', segment: 0, byteOffset: slot * byteLength } as const,
        byteLength,
      })),
    ],
    calls,
  };
}

function entriesOf(program: Program): string[][] {
  const resolved = resolveKernels(
    program,
    new Map(kernels.map((kernel) => [kernel.name, kernel])),
    (kernel, call) => kernel.supports(call),
    { alignment: 16 },
  );
  return planProgram(program, resolved, true).map((launches) =>
    launches.map((launch) => (launch.kind === 'kernel' ? launch.entry : 'copy')),
  );
}

describe('fusing a norm, a product and a residual', () => {
  it('makes one launch of the three, in the place of the last', () => {
    expect(entriesOf(programOf([norm, product, sum]))).toEqual([[], [], ['gemv_bf16_m1_r1_p1']]);
  });
  it('keeps the norm apart where somebody else reads it', () => {
    const other = call('cuda/neg', 'neg', [operand(5, [1, K])], operand(7, [1, K]));
    expect(entriesOf(programOf([norm, product, sum, other]))).toEqual([
      ['rms_norm_f32'],
      [],
      ['gemv_bf16_m1_r1_p0'],
      ['unary_neg'],
    ]);
  });
  it('does not read x late where it is overwritten meanwhile', () => {
    const arenaNorm = { ...norm, inputs: [operand(7, [1, K]), operand(1, [K])] };
    const overwrite = call('cuda/neg', 'neg', [operand(0, [1, K])], operand(8, [1, K]));
    // Buffer 8 lies where buffer 7 lay: x is gone when the product runs.
    const program = programOf([arenaNorm, overwrite, product], [0, 1, 2, 2, 4]);
    expect(entriesOf(program)).toEqual([['rms_norm_f32'], ['unary_neg'], ['gemv_bf16_m1_r1_p0']]);
  });
  it('does not write where it still reads', () => {
    // The product's output lies over x, which every block of a fused product reads.
    const arenaNorm = { ...norm, inputs: [operand(7, [1, K]), operand(1, [K])] };
    const program = programOf([arenaNorm, product], [0, 2, 2, 3, 4]);
    expect(entriesOf(program)).toEqual([['rms_norm_f32'], ['gemv_bf16_m1_r1_p0']]);
  });
  it('adds in place of the residual', () => {
    const residual = operand(7, [1, N]);
    const inPlace = { ...sum, inputs: [residual, operand(6, [1, N])], outputs: [residual] };
    expect(entriesOf(programOf([norm, product, inPlace]))).toEqual([[], [], ['gemv_bf16_m1_r1_p1']]);
  });
  it('keeps a product that is itself an output', () => {
    const kept = { ...product, outputs: [operand(4, [1, N])] };
    const after = { ...sum, inputs: [operand(3, [1, N]), operand(4, [1, N])], outputs: [operand(6, [1, N])] };
    expect(entriesOf(programOf([norm, kept, after]))).toEqual([[], ['gemv_bf16_m1_r1_p1'], ['binary_add']]);
  });
});
