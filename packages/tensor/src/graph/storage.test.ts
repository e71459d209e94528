import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { add } from '../ops/index.js';
import { readback } from '../run/readback.js';
import { disposeTensor, storedValueOf, tensorOn, zerosOn } from './storage.js';
import { slice } from './views.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

it.each<[string, () => unknown, string]>([
  ['too few values', () => tensorOn(device, [1, 2], [3]), 'E_SHAPE'],
  ['a negative extent', () => zerosOn(device, [-1]), 'E_SHAPE'],
  ['a fraction as extent', () => zerosOn(device, [2.5]), 'E_SHAPE'],
  ['another typed array', () => tensorOn(device, Int32Array.of(1), [1], 'f32'), 'E_DTYPE'],
  ['numbers for raw bits', () => tensorOn(device, [1], [1], 'bf16'), 'E_DTYPE'],
])('refuses %s', (_, make, code) => {
  expect(make).toThrow(expect.objectContaining({ code }));
});

it('uploads numbers, typed arrays, raw bits and nothing', async () => {
  expect(await readback(tensorOn(device, [1, 2], [2], 'i32'))).toEqual(Int32Array.of(1, 2));
  expect(await readback(tensorOn(device, Uint16Array.of(0x3c00), [1], 'f16'))).toEqual(
    Uint16Array.of(0x3c00),
  );
  expect(await readback(tensorOn(device, [], [0, 3]))).toEqual(new Float32Array(0));
  expect(await readback(zerosOn(device, [2], 'bool'))).toEqual(new Uint8Array(2));
});

it('frees memory once, for all views, and says so afterwards', async () => {
  await device.synchronize();
  const before = device.memoryBytes();
  const tensor = tensorOn(device, [1, 2], [2]);
  const view = slice(tensor, 0, 1);
  disposeTensor(view);
  disposeTensor(tensor);
  await device.synchronize();
  expect(device.memoryBytes()).toBe(before);
  expect(() => storedValueOf(tensor, 'test')).toThrow(expect.objectContaining({ code: 'E_DISPOSED' }));
  await expect(readback(view)).rejects.toMatchObject({ code: 'E_DISPOSED' });
});

it('tells what is not computed yet from what is stored', () => {
  const pending = add(tensorOn(device, [1], [1]), 1);
  expect(() => storedValueOf(pending, 'test')).toThrow(/not computed yet.*evaluate/);
  disposeTensor(pending);
});
