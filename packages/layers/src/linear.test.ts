import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { data, literal, type Tensor } from '@hybra/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noise } from '../test/tensors.js';
import { linear } from './linear.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

async function numbers(tensor: Tensor): Promise<number[]> {
  return [...(await data(tensor, { device }))];
}

describe('linear', () => {
  it('refuses shapes that do not fit', () => {
    expect(() => linear(noise([3]))).toThrow(expect.objectContaining({ code: 'E_SHAPE' }));
    expect(() => linear(noise([3, 2]), noise([2]))).toThrow(/bias is f32\[2\], expected \[3\]/);
  });

  it('is x Wᵀ + b', async () => {
    const layer = linear(literal([1, 2, 3, 4, 5, 6], [3, 2], 'f32'), literal([10, 20, 30], [3], 'f32'));
    expect(await numbers(layer.forward(literal([1, -1], [1, 2], 'f32')))).toEqual([9, 19, 29]);
    expect(Object.keys(layer.parameters())).toEqual(['weight', 'bias']);
  });
});
