import { contiguousStrides, type Operand, type Program, type ProgramCall, specVersion } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { planProgram } from '../fusion/plan-program.js';
import { standardKernels } from '../kernels/index.js';
import { encodeParameters } from '../launch/encode-parameters.js';
import type { Launch } from '../launch/launch.js';
import { canPersist } from './can-persist.js';

const kernels = new Map(standardKernels().map((kernel) => [kernel.name, kernel]));
const host = { multiprocessors: 4 };
const D = 256;
const byteLength = D * D * 2;

// Bindings: 0 x, 1 weight, 2 another weight, 3 output. Arena buffers 4 … 11, one after the other.
function operand(buffer: number, shape: readonly number[], dtype: Operand['dtype'] = 'f32'): Operand {
  return { buffer, dtype, shape, strides: contiguousStrides(shape), offset: 0 };
}

function product(x: number, weight: number, y: number): ProgramCall {
  return {
    op: 'matmul',
    kernel: 'cuda/gemv',
    inputs: [operand(x, [1, D]), operand(weight, [D, D], 'bf16')],
    outputs: [operand(y, [1, D])],
    attributes: { transposeA: false, transposeB: true },
  };
}

function add(a: number, b: number, y: number): ProgramCall {
  return {
    op: 'add',
    kernel: 'cuda/add',
    inputs: [operand(a, [1], 'i32'), operand(b, [1], 'i32')],
    outputs: [operand(y, [1], 'i32')],
    attributes: {},
  };
}

/** A call that the persistent kernel has no step for. */
function exp(x: number, y: number): ProgramCall {
  return {
    op: 'exp',
    kernel: 'cuda/exp',
    inputs: [operand(x, [D])],
    outputs: [operand(y, [D])],
    attributes: {},
  };
}

function launchesOf(calls: readonly ProgramCall[]): (readonly Launch[])[] {
  const roles = ['input', 'weight', 'weight', 'output'] as const;
  const program: Program = {
    specVersion,
    label: 'test',
    bindings: roles.map((role, index) => ({ name: `b${index}`, role, byteLength })),
    segments: [byteLength * 8],
    buffers: [
      ...roles.map((_, index) => ({ location: { kind: 'binding', index } as const, byteLength })),
      ...Array.from({ length: 8 }, (_, slot) => ({
        location: { kind: 'arena', segment: 0, byteOffset: slot * byteLength } as const,
        byteLength,
      })),
    ],
    calls,
  };
  return [
    ...planProgram(
      program,
      calls.map((call) => kernels.get(call.kernel)!),
      true,
      host,
    ),
  ];
}

function entriesOf(calls: readonly ProgramCall[]): string[][] {
  return launchesOf(calls).map((launches) =>
    launches.map((launch) => (launch.kind === 'kernel' ? launch.entry : 'copy')),
  );
}

/** A word of every step of the list that a launch has for its parameter: 8 bytes of head, 13 pointers, 10 words. */
function wordsOf(launch: Launch | undefined, word: number): number[] {
  if (launch?.kind !== 'kernel') throw new Error('no kernel');
  const { bytes } = encodeParameters(launch.parameters, launch.parameterBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const at = (step: number): number => 8 + step * 144 + 13 * 8 + 4 * word;
  return Array.from({ length: view.getUint32(0, true) }, (_, step) => view.getUint32(at(step), true));
}

/** What each step is: 0 is a product, 4 an elementwise op, 256 is added where all blocks wait. */
const firstWords = (launch: Launch | undefined): number[] => wordsOf(launch, 0);

describe('runs of steps of the persistent kernel', () => {
  const first = [product(0, 1, 4), product(4, 2, 5), product(5, 1, 6), product(6, 2, 7)];
  const chain = [...first, product(7, 1, 4), product(4, 2, 5), product(5, 1, 6), product(6, 2, 3)];
  const nothing = chain.slice(1).map(() => 0);

  it('are one launch of every multiprocessor, in the place of the last', () => {
    const launches = launchesOf(chain);
    expect(launches.map(({ length }) => length)).toEqual([...nothing, 1]);
    expect(launches.at(-1)![0]).toMatchObject({ entry: 'persistent', grid: [4, 1, 1] });
  });
  it('wait where a step needs what others made, and only there', () => {
    expect(firstWords(launchesOf(chain).at(-1)![0])).toEqual([0, ...nothing.map(() => 256)]);
    const apart = [4, 5, 6, 7, 8, 9, 10].map((y) => product(0, 1, y));
    expect(firstWords(launchesOf([...apart, product(4, 2, 3)]).at(-1)![0])).toEqual([
      0, 0, 0, 0, 0, 0, 0, 256,
    ]);
  });
  it('wait before they overwrite what others read', () => {
    const calls = [product(0, 1, 4), product(4, 2, 5), product(0, 1, 4), product(0, 2, 3)];
    const more = [6, 7, 8, 9].map((y) => product(0, 1, y));
    expect(firstWords(launchesOf([...calls, ...more]).at(-1)![0])).toEqual([0, 256, 256, 0, 0, 0, 0, 0]);
  });
  it('tell each product where the next one is, and how many rows there are', () => {
    const local = [add(8, 8, 9), add(9, 9, 10)];
    const [launch] = launchesOf([...chain.slice(0, 2), ...local, ...chain.slice(2)]).at(-1)!;
    const isProduct = firstWords(launch).map((word) => (word & 255) === 0);
    expect(isProduct).toEqual([true, true, false, false, true, true, true, true, true, true]);
    expect(wordsOf(launch, 6).filter((_, step) => isProduct[step])).toEqual([1, 4, 5, 6, 7, 8, 9, 10]);
    // 256 outputs for 64 warps: two rows of 512 bytes at a time.
    expect(new Set(wordsOf(launch, 7).filter((_, step) => isProduct[step]))).toEqual(new Set([128]));
  });
  it('leave few products as they are', () => {
    expect(entriesOf(chain.slice(1)).flat()).not.toContain('persistent');
  });
  it('of a few elements need one block and no barriers', () => {
    const launches = launchesOf([add(0, 0, 4), add(4, 0, 5), add(5, 4, 3)]);
    expect(launches.map(({ length }) => length)).toEqual([0, 0, 1]);
    expect(launches[2]![0]).toMatchObject({ grid: [1, 1, 1] });
    expect(firstWords(launches[2]![0])).toEqual([4, 4, 4]);
  });
  it('let launches pass that touch nothing of theirs', () => {
    const calls = [...chain.slice(0, 2), exp(8, 9), ...chain.slice(2)];
    expect(entriesOf(calls).flat()).toEqual(['unary_exp', 'persistent']);
  });
  it('end where a launch needs what they made', () => {
    const calls = [...chain, exp(3, 9), add(0, 0, 4), add(4, 0, 5)];
    expect(entriesOf(calls)).toEqual([
      ...nothing.map(() => []),
      ['persistent'],
      ['unary_exp'],
      [],
      ['persistent'],
    ]);
  });
  it('end before a launch that overwrites what they read', () => {
    const calls = [...chain, exp(8, 0), ...chain];
    expect(entriesOf(calls).flat()).toEqual(['persistent', 'unary_exp', 'persistent']);
  });
  it('do not stream a weight that they have written', () => {
    const written = product(5, 4, 6); // its weight lies where the first product writes
    expect(entriesOf([...chain, written]).at(-1)).not.toContain('persistent');
    expect(entriesOf([...chain, written])[chain.length - 1]).toEqual(['persistent']);
  });
  it('are cut where the list of steps is full', () => {
    const many = Array.from({ length: 240 }, () => product(0, 1, 4));
    expect(entriesOf(many).flat()).toEqual(['persistent', 'persistent']);
  });
});

describe('GPUs for the persistent kernel', () => {
  const hopper = {
    ordinal: 0,
    name: 'a GPU',
    memoryBytes: 1,
    capability: 9,
    multiprocessors: 132,
    sharedBytesPerBlock: 232_448,
    driverVersion: 13_000,
  };
  it('have bulk copies, enough shared memory and a driver that takes long lists of parameters', () => {
    expect(canPersist(hopper)).toBe(true);
    expect(canPersist({ ...hopper, capability: 8.9 })).toBe(false);
    expect(canPersist({ ...hopper, sharedBytesPerBlock: 101_376 })).toBe(false);
    expect(canPersist({ ...hopper, driverVersion: 12_000 })).toBe(false);
  });
});
