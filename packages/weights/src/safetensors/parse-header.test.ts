import { describe, expect, it } from 'vitest';
import { rawSafetensors, twoTensors } from '../../test/raw-safetensors.js';
import { bytesSource } from '../sources/bytes-source.js';
import { openSafetensors } from './open-safetensors.js';

const open = (file: Uint8Array) => openSafetensors(bytesSource(file, 'model.safetensors'));
const tensor = (dtype: unknown, shape: unknown, offsets: unknown) => ({
  x: { dtype, shape, data_offsets: offsets },
});
const f32 = (begin: number, end: number) => ({
  dtype: 'F32',
  shape: [(end - begin) / 4],
  data_offsets: [begin, end],
});

/** Header, bytes of data, a word of the message. */
const refused: readonly (readonly [what: string, header: unknown, dataBytes: number, message: RegExp])[] = [
  ['an array', [], 0, /does not start with \{/],
  ['a leading space', ' {}', 0, /does not start with \{/],
  ['no header', '', 0, /does not start with \{/],
  ['a byte order mark', '\ufeff{}', 0, /does not start with \{/],
  ['an open object', '{"a":', 0, /not valid JSON/],
  ['something behind the object', '{}x', 0, /not valid JSON/],
  [
    'a repeated tensor',
    '{"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}',
    0,
    /once/,
  ],
  ['bare NaN', '{"x":NaN}', 0, /not valid JSON/],
  ['deep nesting', `{"x":${'['.repeat(100_000)}`, 0, /levels/],
  ['a tensor that is a number', { x: 1 }, 0, /"x": is no object/],
  ['a tensor that is null', { x: null }, 0, /is no object/],
  ['no dtype', { x: { shape: [], data_offsets: [0, 0] } }, 0, /unknown dtype/],
  ['an unknown dtype', tensor('F33', [1], [0, 4]), 4, /unknown dtype/],
  ['a dtype of another case', tensor('f32', [1], [0, 4]), 4, /unknown dtype/],
  ['a dtype that objects inherit', tensor('constructor', [1], [0, 4]), 4, /unknown dtype/],
  ['no shape', tensor('F32', undefined, [0, 4]), 4, /bad shape/],
  ['a negative extent', tensor('F32', [-1], [0, 4]), 4, /bad shape/],
  ['minus zero', '{"x":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}', 0, /bad shape/],
  ['half an extent', tensor('F32', [1.5], [0, 6]), 6, /bad shape/],
  ['an extent as text', tensor('F32', ['1'], [0, 4]), 4, /bad shape/],
  ['an unsafe extent', tensor('F32', [2 ** 53], [0, 4]), 4, /bad shape/],
  ['an infinite extent', '{"x":{"dtype":"F32","shape":[1e999],"data_offsets":[0,4]}}', 4, /bad shape/],
  ['too many axes', tensor('F32', Array(65).fill(1), [0, 4]), 4, /bad shape/],
  ['a product beyond 2⁵³', tensor('F32', [2 ** 30, 2 ** 30], [0, 4]), 4, /2⁵³/],
  ['a product that would wrap to 4 bytes', tensor('U8', [2 ** 32, 2 ** 32, 4], [0, 4]), 4, /2⁵³/],
  ['a product beyond 2⁵³ times 0', tensor('F32', [2 ** 52, 2 ** 52, 0], [0, 0]), 0, /2⁵³/],
  ['a span too long', tensor('F32', [1], [0, 8]), 8, /span 8 bytes/],
  ['a span too short', tensor('F32', [2], [0, 4]), 4, /span 4 bytes/],
  ['offsets the wrong way', tensor('F32', [1], [4, 0]), 4, /bad data_offsets/],
  ['three offsets', tensor('F32', [1], [0, 4, 4]), 4, /bad data_offsets/],
  ['a negative offset', tensor('F32', [1], [-4, 0]), 4, /bad data_offsets/],
  ['offsets as text', tensor('F32', [1], ['0', '4']), 4, /bad data_offsets/],
  ['unsafe offsets', tensor('F32', [0], [2 ** 60, 2 ** 60]), 4, /bad data_offsets/],
  ['data beyond the end', tensor('F32', [2], [0, 8]), 7, /holds 7 bytes/],
  ['data far beyond the end', tensor('U8', [2 ** 52], [0, 2 ** 52]), 7, /holds 7 bytes/],
  ['bytes of no tensor at the end', tensor('F32', [1], [0, 4]), 5, /cover 4 of 5/],
  ['bytes of no tensor at all', {}, 1, /cover 0 of 1/],
  ['a gap at the start', tensor('F32', [1], [4, 8]), 8, /leaves a gap/],
  ['a gap in the middle', { a: f32(0, 4), b: f32(8, 12) }, 12, /"b" leaves a gap/],
  ['an overlap', { a: f32(0, 8), b: f32(4, 12) }, 12, /"b" overlaps/],
  ['the same data twice', { a: f32(0, 4), b: f32(0, 4) }, 4, /overlaps/],
  ['an empty tensor inside another', { a: f32(0, 8), b: f32(4, 4) }, 8, /overlaps/],
  ['a name too long', { ['n'.repeat(4097)]: f32(0, 4) }, 4, /at most 4096/],
  ['metadata that is an array', { __metadata__: [] }, 0, /__metadata__ is no object/],
  ['metadata that is null', { __metadata__: null }, 0, /__metadata__ is no object/],
  ['a number in the metadata', { __metadata__: { total: 1 } }, 0, /__metadata__\."total" is no string/],
];

describe('refuses, with E_FORMAT,', () => {
  it.each(refused)('%s', async (_, header, dataBytes, message) => {
    await expect(open(rawSafetensors(header, dataBytes))).rejects.toMatchObject({
      code: 'E_FORMAT',
      message: expect.stringMatching(message),
    });
  });
  it('bytes that are not UTF-8', async () => {
    const file = rawSafetensors('{"??":1}');
    file[10] = 0xff;
    await expect(open(file)).rejects.toMatchObject({
      code: 'E_FORMAT',
      message: expect.stringMatching(/UTF-8/),
    });
  });
  it.each([0, 1, 7])('a file of %d bytes', async (size) => {
    await expect(open(new Uint8Array(size))).rejects.toMatchObject({ code: 'E_FORMAT' });
  });
  it.each([3n, 2n ** 31n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n])(
    'a claimed header of %d bytes',
    async (claim) => {
      await expect(open(rawSafetensors('{}', 0, claim))).rejects.toMatchObject({
        code: 'E_FORMAT',
        message: expect.stringContaining(`claims a header of ${claim} bytes`),
      });
    },
  );
});

it.each(['F4', 'C64', 'F8_E8M0'])('refuses %s with E_DTYPE', async (dtype) => {
  await expect(open(rawSafetensors(tensor(dtype, [1], [0, 4]), 4))).rejects.toMatchObject({
    code: 'E_DTYPE',
  });
});

it('a header above 100 MB is refused before it is read', async () => {
  const reads: number[] = [];
  const source = {
    name: 'huge',
    size: 2e8,
    async read(_: number, length: number) {
      reads.push(length);
      const bytes = new Uint8Array(length);
      new DataView(bytes.buffer).setBigUint64(0, 100_000_001n, true);
      return bytes;
    },
    async close() {},
  };
  await expect(openSafetensors(source)).rejects.toMatchObject({ code: 'E_FORMAT' });
  expect(reads).toEqual([8]);
});

it('reads entries, metadata and data; the header may end in spaces and tensors may have any order', async () => {
  const header = JSON.stringify(Object.fromEntries(Object.entries(twoTensors).reverse()));
  const weights = await open(rawSafetensors(`${header}      `, 14));
  expect([...weights.entries.values()]).toMatchObject([
    { name: 'a.weight', dtype: 'f32', shape: [2, 1], byteLength: 8 },
    { name: 'b.bias', dtype: 'bf16', shape: [3], byteLength: 6 },
  ]);
  expect(weights.metadata).toEqual({ format: 'pt' });
  expect([...(await weights.read('b.bias'))]).toEqual([8, 9, 10, 11, 12, 13]);
  expect((await weights.read('a.weight')).byteOffset).toBe(0);
});

it('accepts scalars, empty tensors and tensors named like properties of objects', async () => {
  const header =
    '{"__proto__":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"constructor":{"dtype":"F32","shape":[3,0],"data_offsets":[8,8]}}';
  const weights = await open(rawSafetensors(header, 8));
  expect(weights.entries.get('__proto__')).toMatchObject({ dtype: 'i64', shape: [], byteLength: 8 });
  expect((await weights.read('constructor')).byteLength).toBe(0);
  await expect(weights.read('toString')).rejects.toMatchObject({ code: 'E_FORMAT' });
});

it('names tensors like a missing one', async () => {
  const weights = await open(rawSafetensors(twoTensors, 14));
  await expect(weights.read('a.weigth')).rejects.toMatchObject({
    code: 'E_FORMAT',
    message: 'model.safetensors: there is no tensor "a.weigth". Did you mean "a.weight"?',
  });
});

it('closes the source when opening fails, and refuses reads after close', async () => {
  const source = bytesSource(new Uint8Array(3), 'bad');
  await expect(openSafetensors(source)).rejects.toThrow();
  await expect(source.read(0, 1)).rejects.toMatchObject({ code: 'E_DISPOSED' });
  const weights = await open(rawSafetensors(twoTensors, 14));
  await weights.close();
  await weights.close();
  await expect(weights.read('a.weight')).rejects.toMatchObject({ code: 'E_DISPOSED' });
});
