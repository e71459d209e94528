import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tensorOn } from '../graph/storage.js';
import type { Tensor } from '../graph/tensor.js';
import { expand, permute, reshape, slice, transpose } from '../graph/views.js';
import { neg } from '../ops/index.js';
import { readback } from './readback.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

const elements = Int32Array.from({ length: 24 }, (_, at) => at);

it.each<[string, (x: Tensor) => Tensor, number[]]>([
  ['all', (x) => x, [...elements]],
  ['a row', (x) => slice(slice(x, 0, 1), 1, 2), [20, 21, 22, 23]],
  ['a transposed part', (x) => slice(transpose(slice(x, 0, 0, 1)), 1, 1, 2), [1, 5, 9]],
  ['every second', (x) => slice(reshape(x, [24]), 0, 1, 8, 2), [1, 3, 5, 7]],
  ['another order', (x) => slice(permute(x, [2, 0, 1]), 0, 3), [3, 7, 11, 15, 19, 23]],
  ['the same again and again', (x) => expand(slice(reshape(x, [24]), 0, 5, 6), [3]), [5, 5, 5]],
  ['nothing', (x) => slice(x, 1, 3), []],
])('reads %s of a window', async (_, view, expected) => {
  expect([...(await readback(view(tensorOn(device, elements, [2, 3, 4], 'i32'))))]).toEqual(expected);
});

it('gives raw bits of halves, and bytes of bool', async () => {
  const bits = Uint16Array.of(0x3f80, 0xff80);
  expect(await readback(slice(tensorOn(device, bits, [2], 'bf16'), 0, 1))).toEqual(bits.slice(1));
  expect(await readback(tensorOn(device, [1, 0], [2], 'bool'))).toEqual(Uint8Array.of(1, 0));
});

it('refuses what is not computed, and an aborted signal', async () => {
  const x = tensorOn(device, [1], [1]);
  await expect(readback(neg(x))).rejects.toMatchObject({ code: 'E_ARGUMENT' });
  await expect(readback(x, AbortSignal.abort())).rejects.toMatchObject({ code: 'E_ABORTED' });
});
