import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { data, literal, type Tensor } from '@hybra/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { activate, activations } from './activation.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

async function numbers(tensor: Tensor): Promise<number[]> {
  return [...(await data(tensor, { device }))];
}

describe('activate', () => {
  const expected: Record<string, (x: number) => number> = {
    silu: (x) => x / (1 + Math.exp(-x)),
    relu: (x) => Math.max(x, 0),
    relu2: (x) => Math.max(x, 0) ** 2,
    // Values of PyTorch's gelu at −1.5, 0, 0.5, 2.
    gelu: (x) => ({ '-1.5': -0.1002108, '0': 0, '0.5': 0.3457312, '2': 1.9544997 })[String(x)]!,
    geluTanh: (x) => ({ '-1.5': -0.1004287, '0': 0, '0.5': 0.345714, '2': 1.9545977 })[String(x)]!,
  };

  it.each(activations)('%s', async (name) => {
    const inputs = [-1.5, 0, 0.5, 2];
    const got = await numbers(activate(name, literal(inputs, [4], 'f32')));
    for (const [index, value] of got.entries()) expect(value).toBeCloseTo(expected[name]!(inputs[index]!), 6);
  });
});
