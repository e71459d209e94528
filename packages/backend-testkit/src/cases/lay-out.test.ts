import { hostView } from '@hybra/spec';
import { expect, it } from 'vitest';
import { layOut, poison } from './lay-out.js';

const elements = Int32Array.of(1, 2, 3, 4, 5, 6);

it.each([
  ['contiguous', [3, 1], 0],
  ['offset', [3, 1], 19],
  ['transposed', [1, 2], 19],
  ['strided', [6, 2], 19],
] as const)('shows the elements through a %s window, poison elsewhere', (layout, strides, offset) => {
  const { bytes, window } = layOut(elements, { dtype: 'i32', shape: [2, 3] }, layout);
  expect(window).toEqual({ dtype: 'i32', shape: [2, 3], strides, offset });
  const memory = hostView('i32', bytes.buffer, 0, bytes.byteLength / 4);
  const seen = [0, 1].flatMap((i) => [0, 1, 2].map((j) => memory[offset + i * strides[0] + j * strides[1]]));
  expect(seen).toEqual([...elements]);
  expect(memory.filter((value) => value === -1)).toHaveLength(memory.length - 6);
  expect(bytes.at(-1)).toBe(poison);
});

it('keeps windows without elements and without axes inside their memory', () => {
  const none = layOut(new Int32Array(0), { dtype: 'i32', shape: [0, 3] }, 'strided');
  expect(none.window.offset * 4).toBeLessThanOrEqual(none.bytes.byteLength);
  const one = layOut(Int32Array.of(7), { dtype: 'i32', shape: [] }, 'transposed');
  expect(hostView('i32', one.bytes.buffer, 0, one.bytes.byteLength / 4)[one.window.offset]).toBe(7);
});
