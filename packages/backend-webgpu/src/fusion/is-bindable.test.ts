import { type Operand, type Program, specVersion } from '@hybra/spec';
import { expect, it } from 'vitest';
import type { DeviceFacts, DispatchOperand } from '../kernel.js';
import { fusedCall } from './fusion.js';
import { isBindable } from './is-bindable.js';

const facts: DeviceFacts = { workgroupBytes: 16384, workgroupInvocations: 256, storageBuffers: 8 };

/** Buffers of 256 bytes in one segment, from these offsets on. */
function program(...offsets: readonly number[]): Program {
  return {
    specVersion,
    label: 'test',
    bindings: [],
    segments: [4096],
    buffers: offsets.map((byteOffset) => ({
      location: { kind: 'arena', segment: 0, byteOffset },
      byteLength: 256,
    })),
    calls: [],
  };
}

const operand = (buffer: number): Operand => ({
  buffer,
  dtype: 'f32',
  shape: [4],
  strides: [1],
  offset: 0,
});
const call = fusedCall('test', [operand(0), operand(1)], [operand(2)]);
const operands: readonly DispatchOperand[] = [
  { name: 'a', place: { kind: 'input', index: 0 }, view: 'number' },
  { name: 'b', place: { kind: 'input', index: 1 }, view: 'number' },
  { name: 'y', place: { kind: 'output', index: 0 }, view: 'f32', isWritten: true },
];
const dispatch = { operands, parameters: [], code: '', workgroups: [1, 1, 1] } as const;

it('binds buffers that lie apart, and inputs on top of one another', () => {
  expect(isBindable(program(0, 256, 512), facts, call, [dispatch])).toBe(true);
  expect(isBindable(program(0, 0, 512), facts, call, [dispatch])).toBe(true);
});

it('refuses an output that lies on an input of a call from before, even where no element is shared', () => {
  expect(isBindable(program(0, 512, 640), facts, call, [dispatch])).toBe(false);
});

it('refuses more bindings than the device has; one buffer seen as vectors and as numbers takes two', () => {
  const apart = program(0, 256, 512);
  expect(isBindable(apart, { ...facts, storageBuffers: 2 }, call, [dispatch])).toBe(false);
  const twice = {
    ...dispatch,
    operands: [...operands, { ...operands[0]!, name: 'c', view: 'vec4<f32>' as const }],
  };
  expect(isBindable(apart, { ...facts, storageBuffers: 3 }, call, [twice])).toBe(false);
  expect(isBindable(apart, { ...facts, storageBuffers: 4 }, call, [twice])).toBe(true);
});
