import { type DType, dtypes, hostView } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { type FileDType, fileByteSize, fileDTypes } from '../safetensors/file-dtype.js';
import { castElements } from './cast-elements.js';

const arrays = {
  f64: Float64Array,
  f32: Float32Array,
  i32: Int32Array,
  u32: Uint32Array,
  i16: Int16Array,
  u16: Uint16Array,
  i8: Int8Array,
  u8: Uint8Array,
  bool: Uint8Array,
} as const;

function cast(from: keyof typeof arrays, to: DType, values: readonly number[]): number[] {
  return read(castElements(new Uint8Array(new arrays[from](values).buffer), from, to), to);
}

function read(bytes: Uint8Array, dtype: DType): number[] {
  return [...hostView(dtype, bytes.buffer, 0, bytes.byteLength / fileByteSize(dtype))];
}

function castBig(from: 'i64' | 'u64', to: DType, values: readonly bigint[]): number[] {
  const array = from === 'i64' ? new BigInt64Array(values) : new BigUint64Array(values);
  return read(castElements(new Uint8Array(array.buffer), from, to), to);
}

describe('bad input', () => {
  it('refuses a part of an element', () => {
    expect(() => castElements(new Uint8Array(7), 'f32', 'f16')).toThrow(
      expect.objectContaining({ code: 'E_ARGUMENT', message: expect.stringContaining('multiple of 4') }),
    );
  });
  it.each([
    ['f128', 'f32'],
    ['f32', 'i64'],
    ['f32', 'f8_e4m3'],
    ['constructor', 'f32'],
  ])('refuses %s to %s', (from, to) => {
    expect(() => castElements(new Uint8Array(8), from as FileDType, to as DType)).toThrow(
      expect.objectContaining({ code: 'E_DTYPE' }),
    );
  });
});

describe('every pair of dtypes', () => {
  const pairs = fileDTypes.flatMap((from) => dtypes.map((to) => [from, to] as const));
  // Longer than a block, odd, and at an odd address.
  const count = 4099;
  it.each(pairs)('%s to %s: small integers arrive, at any alignment and across blocks', (from, to) => {
    const one = encodeOnes(from, count);
    const shifted = new Uint8Array(one.byteLength + 1);
    shifted.set(one, 1);
    const result = castElements(shifted.subarray(1), from, to);
    expect(result.byteOffset).toBe(0);
    const asFloat = new Float64Array(castElements(result, to, 'f64').buffer);
    expect(asFloat.length).toBe(count);
    expect(asFloat.every((value, index) => value === (index % 3 === 1 ? 1 : 0))).toBe(true);
    expect(castElements(new Uint8Array(0), from, to).byteLength).toBe(0);
  });
});

/** 0, 1, 0, 0, 1, 0, … */
function encodeOnes(dtype: FileDType, count: number): Uint8Array {
  const patterns: Partial<Record<FileDType, number>> = {
    f16: 0x3c00,
    bf16: 0x3f80,
    f8_e4m3: 0x38,
    f8_e5m2: 0x3c,
  };
  const size = fileByteSize(dtype);
  const bytes = new Uint8Array(count * size);
  const view = new DataView(bytes.buffer);
  for (let index = 1; index < count; index += 3) {
    if (dtype === 'f64') view.setFloat64(index * size, 1, true);
    else if (dtype === 'f32') view.setFloat32(index * size, 1, true);
    else if (size === 2) view.setUint16(index * size, patterns[dtype] ?? 1, true);
    else view.setUint8(index * size, patterns[dtype] ?? 1);
  }
  return bytes;
}

describe('semantics', () => {
  it('float to integer truncates towards 0, saturates, and NaN gives 0', () => {
    const values = [
      1.9,
      -1.9,
      3e9,
      -3e9,
      1e30,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ];
    expect(cast('f64', 'i32', values)).toEqual([
      1, -1, 2147483647, -2147483648, 2147483647, 0, 2147483647, -2147483648,
    ]);
    expect(cast('f32', 'u32', values)).toEqual([1, 0, 3000000000, 0, 4294967295, 0, 4294967295, 0]);
    expect(cast('f32', 'i8', [127.9, 128, -129])).toEqual([127, 127, -128]);
    expect(cast('f32', 'u8', [255.9, 256, -1])).toEqual([255, 255, 0]);
  });
  it('integer to integer wraps', () => {
    expect(cast('i32', 'u32', [-1])).toEqual([4294967295]);
    expect(cast('u32', 'i32', [4294967295])).toEqual([-1]);
    expect(cast('i32', 'i8', [128, -129, 257])).toEqual([-128, 127, 1]);
    expect(cast('i16', 'u8', [-1, 256])).toEqual([255, 0]);
    expect(castBig('i64', 'i32', [2n ** 53n + 1n, -1n, 2n ** 31n, 2n ** 62n + 7n])).toEqual([
      1,
      -1,
      -(2 ** 31),
      7,
    ]);
    expect(castBig('u64', 'u8', [2n ** 64n - 1n, 2n ** 60n + 3n])).toEqual([255, 3]);
  });
  it('to bool is x ≠ 0', () => {
    expect(cast('f32', 'bool', [0, -0, 0.1, Number.NaN, -3])).toEqual([0, 0, 1, 1, 1]);
    expect(cast('f64', 'bool', [1e-320])).toEqual([1]);
    expect(castBig('i64', 'bool', [0n, 2n ** 40n, -1n])).toEqual([0, 1, 1]);
    expect(cast('bool', 'bool', [0, 1, 7])).toEqual([0, 1, 1]);
    expect(cast('bool', 'f32', [0, 1, 255])).toEqual([0, 1, 1]);
  });
  it('64-bit integers round once', () => {
    // Halfway between two float32 and a little more; by way of float64 the little is lost and the tie goes down.
    const value = 2n ** 62n + 2n ** 38n + 1n;
    expect(castBig('i64', 'f32', [value, -value])).toEqual([2 ** 62 + 2 ** 39, -(2 ** 62) - 2 ** 39]);
    expect(castBig('u64', 'f32', [2n ** 62n + 2n ** 38n])).toEqual([2 ** 62]);
    // To float64 itself: nearest even.
    expect(castBig('i64', 'f64', [2n ** 53n + 1n, 2n ** 53n + 3n, -(2n ** 53n) - 1n])).toEqual([
      2 ** 53,
      2 ** 53 + 4,
      -(2 ** 53),
    ]);
  });
  it('integers to float32 round to nearest even', () => {
    expect(cast('i32', 'f32', [16777217, 16777219, -16777217])).toEqual([16777216, 16777220, -16777216]);
    expect(cast('u32', 'f32', [4294967295])).toEqual([4294967296]);
  });
  it('leaves its input alone and shares no memory with it', () => {
    const bytes = new Uint8Array(new Float32Array([1, 2]).buffer);
    const copy = castElements(bytes, 'f32', 'f32');
    copy.fill(0);
    expect([...new Float32Array(bytes.buffer)]).toEqual([1, 2]);
  });
});
