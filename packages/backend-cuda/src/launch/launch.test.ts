import { contiguousStrides } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { storedBits } from '../kernels/array/stored-bits.js';
import { collapse } from './collapse.js';
import { encodeParameters } from './encode-parameters.js';
import { f32, i64, pointerTo, u32 } from './launch.js';
import { isWalkable } from './layout.js';
import { isInnerContiguous } from './windows.js';

describe('encodeParameters', () => {
  it('aligns every field to its size, as C does', () => {
    const place = { buffer: 3, byteOffset: 8 };
    const { bytes, pointers } = encodeParameters([u32(7), pointerTo(place), f32(1.5), u32(9), i64(-1)]);
    expect(pointers).toEqual([{ at: 8, place }]);
    const view = new DataView(bytes.buffer);
    expect(view.getUint32(0, true)).toBe(7);
    expect(view.getFloat32(16, true)).toBe(1.5);
    expect(view.getUint32(20, true)).toBe(9);
    expect(view.getBigInt64(24, true)).toBe(-1n);
    expect(bytes.byteLength).toBe(32);
  });
  it('leaves a null pointer null', () => {
    const { bytes, pointers } = encodeParameters([pointerTo(undefined), u32(1)]);
    expect(pointers).toEqual([]);
    expect([...bytes.subarray(0, 8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe('layouts', () => {
  it('makes one axis of contiguous operands, whatever the rank', () => {
    const shape = [2, 1, 3, 4];
    expect(collapse(shape, [contiguousStrides(shape)])).toEqual({ shape: [24], strides: [[1]] });
  });
  it('keeps axes apart where one operand repeats', () => {
    expect(
      collapse(
        [2, 3],
        [
          [3, 1],
          [0, 1],
        ],
      ),
    ).toEqual({
      shape: [2, 3],
      strides: [
        [3, 1],
        [0, 1],
      ],
    });
  });
  it('refuses more axes than kernels walk, and indices that do not fit', () => {
    const shape = Array.from({ length: 9 }, () => 2);
    expect(isWalkable(shape, [shape.map((_, axis) => 3 ** axis)])).toBe(false);
    expect(isWalkable([2 ** 16, 2 ** 16], [[2 ** 16, 1]])).toBe(false);
    expect(isWalkable([4, 4], [[1, 4]])).toBe(true);
  });
  it('sees whether a window is contiguous within', () => {
    expect(isInnerContiguous({ dtype: 'f32', shape: [2, 3, 4], strides: [100, 4, 1], offset: 5 }, 1)).toBe(
      true,
    );
    expect(isInnerContiguous({ dtype: 'f32', shape: [2, 3, 4], strides: [100, 8, 1], offset: 5 }, 1)).toBe(
      false,
    );
  });
});

describe('storedBits', () => {
  it('rounds halves once, saturates integers, keeps signs', () => {
    expect(storedBits('f16', 65520)).toBe(0x7c00n);
    expect(storedBits('f16', 65519)).toBe(0x7bffn);
    expect(storedBits('f16', -0)).toBe(0x8000n);
    expect(storedBits('bf16', 1 + 2 ** -8)).toBe(0x3f80n); // a tie goes to even
    expect(storedBits('i8', 1000)).toBe(127n);
    expect(storedBits('u8', Number.NaN)).toBe(0n);
    expect(storedBits('bool', 5)).toBe(1n);
    expect(storedBits('f32', -1)).toBe(0xbf800000n);
  });
});
