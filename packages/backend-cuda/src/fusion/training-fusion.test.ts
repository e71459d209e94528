import {
  contiguousStrides,
  type Operand,
  type OpName,
  type Program,
  type ProgramCall,
  specVersion,
} from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import type { CudaKernel } from '../kernel.js';
import { standardKernels } from '../kernels/index.js';
import { planProgram } from './plan-program.js';

const kernels = new Map(
  standardKernels({ products: 'bfloat16', capability: 9 }).map((kernel) => [kernel.name, kernel]),
);
const [M, K, N] = [256, 512, 1024];
const byteLength = M * N * 4;

function operand(buffer: number, shape: readonly number[], dtype: Operand['dtype'] = 'f32'): Operand {
  return { buffer, dtype, shape, strides: contiguousStrides(shape), offset: 0 };
}
/** One number, repeated. */
function number(buffer: number, shape: readonly number[]): Operand {
  return { buffer, dtype: 'f32', shape, strides: shape.map(() => 0), offset: 0 };
}
function call(
  kernel: string,
  op: OpName,
  inputs: readonly Operand[],
  outputs: readonly Operand[],
  attributes = {},
): ProgramCall {
  return { op, kernel, inputs, outputs, attributes, scratch: { buffer: 39, byteLength } };
}

/** Buffers 0 … 19 are bindings, 20 … 39 of the arena, apart from each other. */
function programOf(calls: readonly ProgramCall[]): Program {
  const bindings = Array.from({ length: 20 }, (_, index) => index);
  return {
    specVersion,
    label: 'test',
    bindings: bindings.map((index) => ({ name: `b${index}`, role: 'state', byteLength })),
    segments: [byteLength * 20],
    buffers: [
      ...bindings.map((index) => ({ location: { kind: 'binding', index } as const, byteLength })),
      ...bindings.map((index) => ({
        location: { kind: 'arena', segment: 0, byteOffset: index * byteLength } as const,
        byteLength,
      })),
    ],
    calls,
  };
}
function entriesOf(calls: readonly ProgramCall[]): string[][] {
  const program = programOf(calls);
  const chosen = calls.map(({ kernel }): CudaKernel => kernels.get(kernel)!);
  return planProgram(program, chosen, true).map((launches) =>
    launches.map((launch) => (launch.kind === 'kernel' ? launch.entry : 'copy')),
  );
}

const rounded = 'cuda/matmul-wgmma-rounded';
const norm = call('cuda/rms-norm', 'rmsNorm', [operand(0, [M, K]), operand(1, [K])], [operand(20, [M, K])], {
  epsilon: 1e-5,
});
const product = call(rounded, 'matmul', [operand(20, [M, K]), operand(2, [N, K])], [operand(21, [M, N])], {
  transposeA: false,
  transposeB: true,
});

describe('values stored narrowed', () => {
  it('are those that only products read which round them', () => {
    // The weight alone is cut.
    expect(entriesOf([norm, product])).toEqual([['norm_rows_32_4'], ['cut_rows_1', 'matmul_wgmma_64_00']]);
  });
  it('stay float32 where something else reads them, or where they leave the program', () => {
    const other = call('cuda/neg', 'neg', [operand(20, [M, K])], [operand(22, [M, K])]);
    expect(entriesOf([norm, product, other])[1]!.filter((entry) => entry === 'cut_rows_1')).toHaveLength(2);
    const kept = { ...norm, outputs: [operand(5, [M, K])] };
    const reading = { ...product, inputs: [operand(5, [M, K]), operand(2, [N, K])] };
    expect(entriesOf([kept, reading])[1]!.filter((entry) => entry === 'cut_rows_1')).toHaveLength(2);
  });
  it('stay float32 where they lie over what they are made of: bytes would be overwritten before they are read', () => {
    const over = { ...norm, inputs: [operand(20, [M, K]), operand(1, [K])] };
    expect(entriesOf([over, product])[1]!.filter((entry) => entry === 'cut_rows_1')).toHaveLength(2);
  });
});

describe('chains of elementwise calls', () => {
  const shape = [M, N];
  const binary = (op: 'mul' | 'add', a: Operand, b: Operand, y: number): ProgramCall =>
    call(`cuda/${op}`, op, [a, b], [operand(y, shape)]);
  const unary = (op: 'neg' | 'exp' | 'erf', x: number, y: number): ProgramCall =>
    call(`cuda/${op}`, op, [operand(x, shape)], [operand(y, shape)]);
  const at = (buffer: number): Operand => operand(buffer, shape);
  const gelu = [
    binary('mul', at(20), number(0, shape), 22),
    binary('mul', at(21), at(22), 22),
    binary('mul', at(20), number(1, shape), 20),
    binary('mul', at(20), at(20), 23),
    unary('neg', 23, 23),
    unary('exp', 23, 23),
    binary('mul', at(23), number(2, shape), 23),
    binary('mul', at(22), at(23), 22),
    binary('mul', at(22), number(1, shape), 22),
    unary('erf', 20, 20),
    binary('add', at(20), number(3, shape), 20),
    binary('mul', at(21), at(20), 21),
    binary('mul', at(21), number(0, shape), 21),
    binary('add', at(22), at(21), 22),
  ];
  it('become one launch in the place of the last', () => {
    expect(entriesOf(gelu)).toEqual([...gelu.slice(1).map(() => []), ['gelu_gradient']]);
  });
  it('stay apart where another call reads one of the values between', () => {
    const reader = call('cuda/abs', 'abs', [at(23)], [operand(30, shape)]);
    const entries = entriesOf([...gelu.slice(0, 7), reader, ...gelu.slice(7)]);
    expect(entries.flat()).not.toContain('gelu_gradient');
  });
  it('stay apart where their order is another one', () => {
    const swapped = gelu.with(12, binary('mul', at(21), number(1, shape), 21));
    expect(entriesOf(swapped).flat()).not.toContain('gelu_gradient');
  });
});

describe('the optimiser', () => {
  const step = (index: number, decay: number): ProgramCall => {
    const states = [0, 1, 2].map((part) => operand(index * 3 + part, [M]));
    return call(
      'cuda/adamw-step',
      'adamwStep',
      [...states, operand(20 + index, [M]), operand(30, [4])],
      states,
      {
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-8,
        decay,
      },
    );
  };
  it('takes the steps of all tensors in one launch, whatever their decay', () => {
    expect(entriesOf([step(0, 0), step(1, 0.1), step(2, 0)])).toEqual([[], [], ['adamw_of_many']]);
  });
  it('keeps steps of other settings apart', () => {
    const other = { ...step(1, 0), attributes: { ...step(1, 0).attributes, beta1: 0.8 } };
    expect(entriesOf([step(0, 0), other])).toEqual([['adamw_step'], ['adamw_step']]);
  });
  it('sums all squares in two launches, with the additions that join them', () => {
    const squares = [20, 21, 22].map((x, index) =>
      call('cuda/sum-of-squares', 'sumOfSquares', [operand(x, [M])], [operand(30 + index, [])]),
    );
    const add = (a: number, b: number, y: number): ProgramCall =>
      call('cuda/add', 'add', [operand(a, []), operand(b, [])], [operand(y, [])]);
    const calls = [squares[0]!, squares[1]!, add(30, 31, 35), squares[2]!, add(35, 32, 35)];
    expect(entriesOf(calls)).toEqual([[], [], [], [], ['squares_of_many', 'squares_of_many_join']]);
  });
});

describe('gradients with what is around them', () => {
  const gradient = call(
    'cuda/rms-norm-gradient',
    'rmsNormGradient',
    [operand(20, [M, K]), operand(1, [K]), operand(21, [M, K])],
    [operand(22, [M, K]), operand(23, [K])],
    { epsilon: 1e-5 },
  );
  const sum = call('cuda/add', 'add', [operand(24, [M, K]), operand(22, [M, K])], [operand(24, [M, K])]);
  const between = call('cuda/sum-of-squares', 'sumOfSquares', [operand(23, [K])], [operand(30, [])]);
  it('a norm adds the residual in its own place', () => {
    expect(entriesOf([gradient, between, sum])[0]).toEqual(['rms_gradient_32_4', 'join_parts']);
    expect(entriesOf([gradient, between, sum])[2]).toEqual([]);
  });
  it('a norm leaves a residual that is not there yet', () => {
    const late = call('cuda/neg', 'neg', [operand(25, [M, K])], [operand(24, [M, K])]);
    expect(entriesOf([gradient, late, sum])[2]).toEqual(['binary_add']);
  });
  it('a norm leaves a sum whose place is still read', () => {
    const reader = call('cuda/neg', 'neg', [operand(24, [M, K])], [operand(25, [M, K])]);
    expect(entriesOf([gradient, reader, sum])[2]).toEqual(['binary_add']);
  });
});
