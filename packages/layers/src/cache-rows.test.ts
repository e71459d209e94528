import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { data, type Tensor } from '@hybra/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../test/tensors.js';
import { cacheRows } from './cache-rows.js';
import { stepContext } from './step-context.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

async function numbers(tensor: Tensor): Promise<number[]> {
  return [...(await data(tensor, { device }))];
}

describe('cacheRows', () => {
  const context = stepContext({
    slots: rows([2, -1, 0]),
    starts: rows([6, 0, 1]),
    lengths: rows([3, 2, 1]),
    time: 3,
  });

  it('skips padding and inactive rows', async () => {
    expect(await numbers(cacheRows(context, { capacity: 10, ring: false }))).toEqual([
      26, 27, 28, -1, -1, -1, 1, -1, -1,
    ]);
  });

  it('goes round in a ring', async () => {
    expect(await numbers(cacheRows(context, { capacity: 4, ring: true }))).toEqual([
      10, 11, 8, -1, -1, -1, 1, -1, -1,
    ]);
  });
});
