import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { disposeTensor, tensorOn } from '../graph/storage.js';
import { transpose } from '../graph/views.js';
import { add, fill, neg, softmax } from '../ops/index.js';
import { data, evaluate } from './evaluate.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

it('asks for a device where nothing is tied to one', async () => {
  await expect(evaluate([fill([2], 1)])).rejects.toMatchObject({
    code: 'E_ARGUMENT',
    message: expect.stringContaining('evaluate(tensors, { device })'),
  });
  expect(await data(fill([2], 1), { device })).toEqual(Float32Array.of(1, 1));
});

it('stops when the caller aborts', async () => {
  const x = tensorOn(device, [1], [1]);
  const signal = AbortSignal.abort();
  await expect(evaluate([neg(x)], { signal })).rejects.toMatchObject({ code: 'E_ABORTED' });
  await expect(data(x, { signal })).rejects.toMatchObject({ code: 'E_ABORTED' });
});

it('gives tensors that the caller owns, also of what is stored and of the same twice', async () => {
  await device.synchronize();
  const before = device.memoryBytes();
  const x = tensorOn(device, [1, 2], [2]);
  const y = add(x, 1);
  const results = await evaluate([y, y, x]);
  disposeTensor(x);
  expect(new Set(results.map(({ value }) => value)).size).toBe(3);
  expect(await data(results[0]!)).toEqual(Float32Array.of(2, 3));
  expect(await data(results[1]!)).toEqual(Float32Array.of(2, 3));
  expect(await data(results[2]!)).toEqual(Float32Array.of(1, 2));
  for (const tensor of results) disposeTensor(tensor);
  await device.synchronize();
  expect(device.memoryBytes()).toBe(before);
  expect(await evaluate([])).toEqual([]);
});

it('feels eager, and leaves nothing behind', async () => {
  const x = tensorOn(device, [1, 2, 3, 4, 5, 6], [2, 3]);
  await device.synchronize();
  const before = device.memoryBytes();
  expect(await data(transpose(neg(x)))).toEqual(Float32Array.of(-1, -4, -2, -5, -3, -6));
  expect([...(await data(softmax(x)))].reduce((sum, each) => sum + each, 0)).toBeCloseTo(2, 6); // two rows of mass 1
  await device.synchronize();
  expect(device.memoryBytes()).toBe(before);
});
