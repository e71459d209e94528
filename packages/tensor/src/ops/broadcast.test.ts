import { hostArray, isContiguous } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { Tensor } from '../graph/tensor.js';
import type { CallNode } from '../graph/value.js';
import { transpose } from '../graph/views.js';
import { add, cast, concat, literal, matmul, max, mean, mul, scalar, select, sum } from './index.js';

function f32(...shape: number[]): Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return new Tensor({ kind: 'literal', dtype: 'f32', shape, data: hostArray('f32', size) });
}

function nodeOf(x: Tensor): CallNode {
  if (x.value.kind !== 'call') throw new Error(`${x} was not recorded.`);
  return x.value.node;
}

describe('broadcasting', () => {
  it('aligns shapes at the last axis and repeats extents of 1 as views', () => {
    const column = f32(4, 1);
    const row = f32(3);
    const y = add(column, row);
    expect(y.shape).toEqual([4, 3]);
    const [a, b] = nodeOf(y).inputs;
    expect([a!.shape, a!.strides]).toEqual([
      [4, 3],
      [1, 0],
    ]);
    expect([b!.shape, b!.strides]).toEqual([
      [4, 3],
      [0, 1],
    ]);
    expect([a!.value, b!.value]).toEqual([column.value, row.value]);
  });

  it('repeats an axis of 1 beside an axis of 0', () => {
    expect(add(f32(1, 3), f32(0, 3)).shape).toEqual([0, 3]);
  });

  it('takes a number as a scalar of the other dtype', () => {
    const x = literal([1, 2, 3], [3], 'i32');
    for (const y of [mul(x, 2), mul(2, x)]) {
      expect([y.dtype, y.shape]).toEqual(['i32', [3]]);
      expect(nodeOf(y).inputs.map((input) => input.dtype)).toEqual(['i32', 'i32']);
    }
  });

  it('passes operands of equal shapes as they are', () => {
    const x = transpose(f32(3, 4));
    expect(nodeOf(add(x, x)).inputs[0]).toBe(x);
  });

  it('broadcasts all three operands of select', () => {
    const condition = literal([1, 0], [2, 1], 'bool');
    expect(select(condition, f32(1, 3), 0).shape).toEqual([2, 3]);
    expect(select(literal([1], [], 'bool'), f32(2, 1), f32(3)).shape).toEqual([2, 3]);
  });
});

describe('matmul', () => {
  it('takes the leading axes of a as rows of one product with a weight', () => {
    const y = matmul(f32(2, 5, 8), f32(6, 8), { transposeB: true });
    expect(y.shape).toEqual([2, 5, 6]);
    expect(nodeOf(y).inputs.map((input) => input.shape)).toEqual([
      [10, 8],
      [6, 8],
    ]);
  });

  it('broadcasts batch axes without repeating the smaller one', () => {
    const y = matmul(f32(4, 1, 2, 3), f32(5, 3, 6));
    expect(y.shape).toEqual([4, 5, 2, 6]);
    expect(nodeOf(y).inputs[0]!.strides.slice(0, 2)).toEqual([6, 0]);
  });
});

describe('reductions', () => {
  it('take one axis, several or all, from either end', () => {
    expect(sum(f32(2, 3, 4), -1).shape).toEqual([2, 3]);
    expect(max(f32(2, 3, 4), [2, 0]).shape).toEqual([3]);
    expect(nodeOf(max(f32(2, 3, 4), [2, 0])).attributes).toEqual({ axes: [0, 2] });
    expect(sum(f32(2, 3, 4)).shape).toEqual([]);
  });

  it('keep the reduced axes when asked', () => {
    expect(sum(f32(2, 3, 4), [0, -1], { keepDims: true }).shape).toEqual([1, 3, 1]);
    expect(mean(f32(2, 3), 1, { keepDims: true }).shape).toEqual([2, 1]);
  });

  it('take the mean of halves in float32', () => {
    const y = mean(cast(f32(2, 3), 'f16'), 1);
    expect(y.dtype).toBe('f16');
    expect(nodeOf(y).inputs[0]!.dtype).toBe('f32');
  });
});

describe('what needs no call', () => {
  it('records none', () => {
    const x = f32(2, 3);
    expect(cast(x, 'f32')).toBe(x);
    expect(concat([x], 0)).toBe(x);
  });
});

describe('literal', () => {
  it('copies its values, row-major', () => {
    const values = [1, 2, 3, 4];
    const x = literal(values, [2, 2], 'u8');
    values[0] = 9;
    expect(x.value.kind === 'literal' && [...x.value.data]).toEqual([1, 2, 3, 4]);
    expect(isContiguous(x)).toBe(true);
  });

  it("makes halves by a cast or a fill, so that rounding is the device's", () => {
    expect(nodeOf(literal([0.1], [1], 'bf16')).op).toBe('cast');
    expect([nodeOf(scalar(0.1, 'f16')).op, scalar(0.1, 'f16').dtype]).toEqual(['fill', 'f16']);
  });
});
