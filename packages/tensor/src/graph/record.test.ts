import { cpu } from '@hybra/backend-cpu';
import { expect, it } from 'vitest';
import { add, literal, matmul, scalar } from '../ops/index.js';
import { record } from './record.js';
import { tensorOn } from './storage.js';
import { type Tensor, Tensor as TensorClass } from './tensor.js';
import { transfer } from './transfer.js';

it('fails while recording, on the stack of the caller', () => {
  const a = literal([1, 2], [2]);
  const b = literal([1, 2, 3], [3]);
  function whereTheMistakeIs(): Tensor {
    return add(a, b);
  }
  try {
    whereTheMistakeIs();
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ code: 'E_SHAPE', message: expect.stringContaining('f32[2]') });
    expect((error as Error).stack).toContain('whereTheMistakeIs');
  }
});

it('refuses what is no tensor and says what it got', () => {
  const input = [1, 2, 3] as unknown as Tensor;
  expect(() => record({ name: 'copy', tolerance: {}, infer: ([x]) => [x!] }, [input])).toThrow(
    expect.objectContaining({ code: 'E_ARGUMENT', message: expect.stringContaining('object') }),
  );
});

it('names both shapes and the way out', () => {
  const a = literal(new Float32Array(6), [2, 3]);
  expect(() => matmul(a, a)).toThrow(/a is \[2, 3\], b is \[2, 3\]\. Did you mean transposeB: true\?/);
});

it('refuses inputs on two devices unless one is moved', async () => {
  const first = await cpu().open();
  const second = await cpu().open();
  const a = tensorOn(first, [1, 2], [2]);
  const b = tensorOn(second, [1, 2], [2]);
  expect(() => add(a, b)).toThrow(
    expect.objectContaining({ code: 'E_ARGUMENT', message: expect.stringContaining('transfer') }),
  );
  expect(add(transfer(a, second), b).device).toBe(second);
  expect(transfer(a, first)).toBe(a);
  expect(add(a, scalar(1)).device).toBe(first);
  await first.dispose();
  await second.dispose();
});

it('freezes what it recorded', () => {
  const axes = [0];
  const x = literal([1, 2], [2]);
  const y = record({ name: 'sum', tolerance: {}, infer: () => [{ dtype: 'f32', shape: [] }] }, [x], {
    axes,
  })[0]!;
  axes.push(1);
  if (y.value.kind !== 'call') throw new Error('expected a call');
  const { node } = y.value;
  expect(node.attributes.axes).toEqual([0]);
  expect([node, node.inputs, node.outputs, node.attributes, y, y.shape].every(Object.isFrozen)).toBe(true);
});

it('recognises tensors of another copy of the package by their mark', () => {
  const marked = Object.defineProperty({}, Symbol.for('hybra.tensor'), { value: true });
  expect(TensorClass.isInstance(marked)).toBe(true);
  expect(TensorClass.isInstance({})).toBe(false);
  expect(TensorClass.isInstance(null)).toBe(false);
});
