import { describe, expect, it } from 'vitest';
import type { FileDType } from '../safetensors/file-dtype.js';
import { openSafetensors } from '../safetensors/open-safetensors.js';
import { bytesSource } from '../sources/bytes-source.js';
import { encodeSafetensors } from './encode-safetensors.js';

const tensor = (name: string, dtype: FileDType, shape: number[], byteLength: number, fill = 0) => ({
  name,
  dtype,
  shape,
  bytes: new Uint8Array(byteLength).fill(fill),
});

describe('bad input', () => {
  it.each([
    ['a name twice', [tensor('x', 'u8', [1], 1), tensor('x', 'u8', [1], 1)], /twice/],
    ['the reserved name', [tensor('__metadata__', 'u8', [1], 1)], /keeps this name/],
    ['a name too long', [tensor('n'.repeat(4097), 'u8', [1], 1)], /too long/],
    ['a negative extent', [tensor('x', 'u8', [-1], 1)], /bad shape/],
    ['half an extent', [tensor('x', 'u8', [0.5], 1)], /bad shape/],
    ['a product beyond 2⁵³', [tensor('x', 'f32', [2 ** 30, 2 ** 30], 1)], /bad shape/],
    ['too many axes', [tensor('x', 'u8', Array(65).fill(1), 1)], /bad shape/],
    ['too few bytes', [tensor('x', 'f32', [2], 7)], /got 7 bytes. Expected 8 for f32\[2\]/],
    ['too many bytes', [tensor('x', 'f32', [2], 9)], /got 9 bytes/],
  ] as const)('%s', (_, tensors, message) => {
    expect(() => encodeSafetensors({ tensors })).toThrow(
      expect.objectContaining({ code: 'E_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });
});

const tensors = [
  tensor('b', 'u8', [3], 3, 1),
  tensor('a', 'u8', [], 1, 2),
  tensor('10', 'f32', [2], 8, 3),
  tensor('9', 'f32', [1, 0], 0),
  tensor('é"\n', 'f64', [1], 8, 4),
  tensor('__proto__', 'bf16', [1], 2, 5),
];

it('writes the header as the format wants it: aligned, sorted by width and name', () => {
  const file = encodeSafetensors({ tensors, metadata: { z: '1', 10: '2', a: '3' } });
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  expect(length % 8).toBe(0);
  expect(new TextDecoder().decode(file.subarray(8, 8 + length)).trimEnd()).toBe(
    '{"__metadata__":{"10":"2","a":"3","z":"1"},' +
      '"é\\"\\n":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},' +
      '"10":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},' +
      '"9":{"dtype":"F32","shape":[1,0],"data_offsets":[16,16]},' +
      '"__proto__":{"dtype":"BF16","shape":[1],"data_offsets":[16,18]},' +
      '"a":{"dtype":"U8","shape":[],"data_offsets":[18,19]},' +
      '"b":{"dtype":"U8","shape":[3],"data_offsets":[19,22]}}',
  );
});

it('gives equal bytes for equal content, in whatever order', () => {
  const one = encodeSafetensors({ tensors, metadata: { z: '1', a: '3' } });
  const two = encodeSafetensors({ tensors: [...tensors].reverse(), metadata: { a: '3', z: '1' } });
  expect(two).toEqual(one);
});

it('is read back', async () => {
  const metadata = { format: 'pt', ['__proto__']: 'x' };
  const weights = await openSafetensors(bytesSource(encodeSafetensors({ tensors, metadata }), 'test'));
  expect(weights.metadata).toEqual(metadata);
  expect(weights.entries.size).toBe(tensors.length);
  for (const { name, dtype, shape, bytes } of tensors) {
    expect(weights.entries.get(name)).toMatchObject({ dtype, shape });
    expect(await weights.read(name)).toEqual(bytes);
  }
});

it('writes a file without tensors', async () => {
  const weights = await openSafetensors(bytesSource(encodeSafetensors({ tensors: [] }), 'test'));
  expect(weights.entries.size).toBe(0);
});
