import { describe, expect, it } from 'vitest';
import { bytesSource } from '../sources/bytes-source.js';
import { openGguf } from './open-gguf.js';
import { encodeGguf, type GgufField, type GgufTensorToWrite, type GgufToWrite } from './write-gguf.js';

const u32 = (value: number): GgufField => ({ type: 'u32', value });
const x: GgufTensorToWrite = {
  name: 'x',
  type: 'f32',
  shape: [2, 4],
  bytes: Uint8Array.from({ length: 32 }, (_, i) => i),
};
const q: GgufTensorToWrite = {
  name: 'blk.0.q',
  type: 'q8_0',
  shape: [3, 32],
  bytes: new Uint8Array(102).fill(7),
};
const small: GgufToWrite = {
  metadata: {
    'general.architecture': { type: 'string', value: 'mamba2' },
    'some.u8': { type: 'u8', value: 255 },
    'some.i64': { type: 'i64', value: -5 },
    'some.f64': { type: 'f64', value: 0.1 },
    'some.bool': { type: 'bool', value: true },
    'some.words': { type: 'array', of: 'string', value: ['', 'ä'] },
    'some.numbers': { type: 'array', of: 'i32', value: [-1, 2] },
  },
  tensors: [x, q],
};

/** A header from its fields, right or wrong. */
function raw(...parts: readonly (number | bigint | string)[]): Uint8Array {
  const bytes: number[] = [];
  for (const part of parts) {
    const data = new DataView(new ArrayBuffer(8));
    if (typeof part === 'number') data.setUint32(0, part, true);
    else data.setBigUint64(0, typeof part === 'bigint' ? part : BigInt(part.length), true);
    bytes.push(...new Uint8Array(data.buffer, 0, typeof part === 'number' ? 4 : 8));
    if (typeof part === 'string') bytes.push(...new TextEncoder().encode(part));
  }
  return Uint8Array.from(bytes);
}

const magic = 0x46554747;
const padding = '-'.repeat(200);
const key = (type: number, ...value: (number | bigint | string)[]) =>
  raw(magic, 3, 0n, 1n, 'k', type, ...value, padding);
const tensor = (...info: (number | bigint | string)[]) => raw(magic, 3, 1n, 0n, ...info, padding);

describe('openGguf refuses', () => {
  it.each([
    ['an empty file', new Uint8Array(0), 'E_FORMAT', 'beyond its 0 bytes'],
    ['another format', raw(0x04034b50, 3, 0n, 0n), 'E_FORMAT', 'does not begin with "GGUF"'],
    ['version 1', raw(magic, 1, 0n, 0n), 'E_FORMAT', 'version 1'],
    ['version 4', raw(magic, 4, 0n, 0n), 'E_FORMAT', 'version 4'],
    ['big-endian', raw(magic, 3 << 24, 0n, 0n), 'E_FORMAT', 'big-endian'],
    ['more tensors than fit', raw(magic, 3, 10n, 0n), 'E_FORMAT', 'claims 10 tensors'],
    ['2⁶³ keys', raw(magic, 3, 0n, 2n ** 63n), 'E_FORMAT', 'within 2⁵³'],
    [
      'a string of 2⁴⁰ bytes',
      raw(magic, 3, 0n, 1n, 2n ** 40n, padding),
      'E_FORMAT',
      'a string of its header',
    ],
    ['a string longer than the file', raw(magic, 3, 0n, 1n, 4000n, padding), 'E_FORMAT', 'goes on beyond'],
    ['a value of type 13', key(13), 'E_FORMAT', 'a value of type 13'],
    ['an array of type 99', key(9, 99, 0n), 'E_FORMAT', 'an unknown type'],
    ['an array of 2³⁰ bytes', key(9, 0, 2n ** 30n), 'E_FORMAT', 'claims 1073741824 elements'],
    ['arrays in arrays in arrays', key(9, 9, 1n, 9, 1n, 9, 1n, 0, 0n), 'E_FORMAT', 'nests arrays'],
    ['a key twice', raw(magic, 3, 0n, 2n, 'k', 4, 1, 'k', 4, 1, padding), 'E_FORMAT', 'there twice'],
    ['an alignment of 3', raw(magic, 3, 0n, 1n, 'general.alignment', 4, 3, padding), 'E_FORMAT', 'alignment'],
    [
      'an alignment that is a word',
      raw(magic, 3, 0n, 1n, 'general.alignment', 8, 'x', padding),
      'E_FORMAT',
      'alignment',
    ],
    ['5 axes', tensor('t', 5, 1n, 1n, 1n, 1n, 1n, 0, 0n), 'E_FORMAT', '5 axes'],
    ['no elements', tensor('t', 1, 0n, 0, 0n), 'E_FORMAT', 'has the shape [0]'],
    ['2⁶⁰ elements', tensor('t', 2, 2n ** 30n, 2n ** 30n, 0, 0n), 'E_FORMAT', 'has the shape'],
    ['rows that no block divides', tensor('t', 1, 33n, 8, 0n), 'E_FORMAT', 'a multiple of 32 in Q8_0'],
    [
      'an offset between alignments',
      tensor('t', 1, 1n, 0, 4n),
      'E_FORMAT',
      'a multiple of the alignment, 32',
    ],
    ['data beyond the file', tensor('t', 1, 1000n, 0, 0n), 'E_FORMAT', 'the download is incomplete'],
    ['an offset beyond the file', tensor('t', 1, 1n, 0, 2n ** 40n), 'E_FORMAT', 'the download is incomplete'],
    ['Q5_K', tensor('t', 1, 256n, 13, 0n), 'E_DTYPE', 'is Q5_K, which is not read'],
    ['type 4', tensor('t', 1, 256n, 4, 0n), 'E_DTYPE', 'is type 4'],
    [
      'a name twice',
      raw(magic, 3, 2n, 0n, 't', 1, 1n, 0, 0n, 't', 1, 1n, 0, 32n, padding),
      'E_FORMAT',
      'there twice',
    ],
    [
      'shared bytes',
      raw(magic, 3, 2n, 0n, 't', 1, 9n, 0, 0n, 's', 1, 1n, 0, 32n, padding),
      'E_FORMAT',
      'share bytes',
    ],
  ] as const)('%s', async (_, bytes, code, message) => {
    await expect(openGguf(bytesSource(bytes, 'x.gguf'))).rejects.toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  it('every truncation of a good file', async () => {
    const bytes = await encodeGguf(small);
    const end = bytes.byteLength - (32 * 4 - 102); // the padding of the last tensor may be missing
    for (let length = 0; length < end; length++) {
      await expect(openGguf(bytesSource(bytes.subarray(0, length), 'x.gguf'))).rejects.toThrow(
        expect.objectContaining({ code: 'E_FORMAT' }),
      );
    }
  });
});

describe('a file that was written', () => {
  it('reads as it was, rows first', async () => {
    const file = await openGguf(bytesSource(await encodeGguf(small), 'x.gguf'));
    expect(Object.fromEntries(file.metadata)).toEqual(
      Object.fromEntries(Object.entries(small.metadata).map(([name, { value }]) => [name, value])),
    );
    expect(Array.from(file.tensors.values(), ({ name, type, shape }) => [name, type.name, shape])).toEqual([
      ['x', 'f32', [2, 4]],
      ['blk.0.q', 'q8_0', [3, 32]],
    ]);
    expect(await file.read('x')).toEqual(x.bytes);
    expect(await file.read('blk.0.q')).toEqual(q.bytes);
    await expect(file.read('y')).rejects.toThrow(/no tensor "y"/);
    await file.close();
    await expect(file.read('x')).rejects.toThrow(expect.objectContaining({ code: 'E_DISPOSED' }));
  });

  it('may have a header longer than the first read', async () => {
    const value = Array.from({ length: 60_000 }, (_, index) => `a token with the number ${index}`);
    const bytes = await encodeGguf({
      metadata: { words: { type: 'array', of: 'string', value } },
      tensors: [x],
    });
    const file = await openGguf(bytesSource(bytes, 'x.gguf'));
    expect(file.metadata.get('words')).toEqual(value);
    expect(await file.read('x')).toEqual(x.bytes);
  });

  it('must have tensors that fit their type', async () => {
    const write = (tensors: GgufTensorToWrite[]) => encodeGguf({ metadata: { a: u32(1) }, tensors });
    await expect(write([{ ...q, shape: [3, 33] }])).rejects.toThrow(/a multiple of 32/);
    await expect(write([{ ...q, bytes: new Uint8Array(3) }])).rejects.toThrow(/got 3 bytes. Expected 102/);
    await expect(write([x, x])).rejects.toThrow(/there twice/);
  });
});
