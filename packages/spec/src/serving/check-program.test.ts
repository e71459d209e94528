import { describe, expect, it } from 'vitest';
import { HybraError } from '../errors.js';
import type { KernelSupport } from '../op-call.js';
import { type Program, type ProgramCall, specVersion } from '../program.js';
import { checkProgram } from './check-program.js';
import { resolveKernels } from './resolve-kernels.js';

const operand = (buffer: number, offset = 0, strides = [1]) =>
  ({ buffer, offset, dtype: 'f32', shape: [4], strides }) as const;

const call: ProgramCall = {
  op: 'neg',
  kernel: 'test/neg',
  attributes: {},
  inputs: [operand(0)],
  outputs: [operand(1)],
};

const program: Program = {
  specVersion,
  label: 'test',
  bindings: [{ name: 'x', role: 'input', byteLength: 16 }],
  segments: [64],
  buffers: [
    { location: { kind: 'binding', index: 0 }, byteLength: 16 },
    { location: { kind: 'arena', segment: 0, byteOffset: 16 }, byteLength: 32 },
  ],
  calls: [call],
};

const takesAll: KernelSupport = { supported: true };
const rules = { alignment: 16, support: (): KernelSupport => takesAll };

function failure(check: () => unknown): { code: string; message: string } {
  try {
    check();
  } catch (error) {
    if (HybraError.isInstance(error)) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
}

const withCall = (change: Partial<ProgramCall>): Program => ({ ...program, calls: [{ ...call, ...change }] });

describe('checkProgram', () => {
  it('takes a program that is well formed', () => {
    expect(() => checkProgram(program, rules)).not.toThrow();
  });

  it.each([
    ['another version', { ...program, specVersion: 99 as never }, 'contract version 99'],
    ['an operand outside its buffer', withCall({ inputs: [operand(0, 1)] }), 'outside buffer 0'],
    ['strides that leave the buffer', withCall({ inputs: [operand(0, 0, [2])] }), 'outside buffer 0'],
    ['an unknown buffer', withCall({ inputs: [operand(7)] }), 'outside buffer 7'],
    ['a strided output', withCall({ outputs: [operand(1, 0, [2])] }), 'strided output'],
    ['scratch that has no room', withCall({ scratch: { buffer: 1, byteLength: 33 } }), 'scratch'],
    ['a segment too small', { ...program, segments: [47] }, 'does not fit segment 0'],
    [
      'a binding too small',
      { ...program, bindings: [{ ...program.bindings[0]!, byteLength: 15 }] },
      'does not fit binding 0',
    ],
  ])('refuses %s', (_, broken, what) => {
    const takesStrided = {
      ...rules,
      support: (): KernelSupport => ({ supported: true, acceptsStrided: true }),
    };
    const { code, message } = failure(() => checkProgram(broken, takesStrided));
    expect(code).toBe('E_ARGUMENT');
    expect(message).toContain(what);
  });

  it('refuses buffers that are not aligned as the device asks', () => {
    expect(failure(() => checkProgram(program, { ...rules, alignment: 32 })).message).toContain('segment 0');
  });

  it('refuses an output inside its buffer where the device binds whole buffers', () => {
    const inside = withCall({ outputs: [operand(1, 2)] });
    expect(() => checkProgram(inside, rules)).not.toThrow();
    expect(failure(() => checkProgram(inside, { ...rules, outputsBeginBuffers: true })).code).toBe(
      'E_ARGUMENT',
    );
  });

  it.each([
    ['a kernel that is not there', undefined, 'not on this device'],
    ['a call that the kernel refuses', { supported: false, reason: 'too wide' } as const, 'too wide'],
    ['missing scratch', { supported: true, scratchBytes: 8 } as const, '8 bytes of scratch'],
  ])('refuses %s', (_, support, what) => {
    const { code, message } = failure(() => checkProgram(program, { ...rules, support: () => support }));
    expect(code).toBe('E_UNSUPPORTED_OP');
    expect(message).toContain(what);
  });

  it('refuses strided inputs unless the kernel takes them', () => {
    const repeated = withCall({ inputs: [operand(0, 0, [0])] });
    expect(failure(() => checkProgram(repeated, rules)).message).toContain('contiguous inputs');
  });
});

describe('resolveKernels', () => {
  const neg = { op: 'neg', name: 'test/neg' };
  it('gives the kernel of each call', () => {
    const kernels = new Map([[neg.name, neg]]);
    expect(resolveKernels(program, kernels, () => takesAll, { alignment: 16 })).toEqual([neg]);
  });
  it('refuses a kernel of another op', () => {
    const kernels = new Map([[neg.name, { ...neg, op: 'exp' }]]);
    const { message } = failure(() => resolveKernels(program, kernels, () => takesAll, { alignment: 16 }));
    expect(message).toContain('computes exp');
  });
});
