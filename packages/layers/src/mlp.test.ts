import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { data, literal, type Tensor } from '@hybra/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../test/tensors.js';
import { linear } from './linear.js';
import { mlpLayer } from './mlp.js';
import { stepContext } from './step-context.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

async function numbers(tensor: Tensor): Promise<number[]> {
  return [...(await data(tensor, { device }))];
}

describe('mlpLayer', () => {
  const up = linear(literal([1, 2], [2, 1], 'f32'));
  const down = linear(literal([1, 1], [1, 2], 'f32'));
  const gate = linear(literal([1, -1], [2, 1], 'f32'));
  const context = stepContext({ slots: rows([0]), starts: rows([0]), lengths: rows([1]), time: 1 });
  const x = literal([3], [1, 1, 1], 'f32');

  it('with a gate multiplies by the activated gate', async () => {
    const plain = mlpLayer({ up, down }, { activation: 'relu2' });
    expect(await numbers(plain.forward(x, context, {}).y)).toEqual([9 + 36]);
    const gated = mlpLayer({ up, down, gate }, { activation: 'relu' });
    expect(await numbers(gated.forward(x, context, {}).y)).toEqual([3 * 3]);
    const swiglu = mlpLayer({ up, down, gate }, { activation: 'silu' });
    const silu = (value: number) => value / (1 + Math.exp(-value));
    const [got] = await numbers(swiglu.forward(x, context, {}).y);
    expect(got).toBeCloseTo(silu(3) * 3 + silu(-3) * 6, 5);
    expect(Object.keys(gated.parameters())).toEqual(['gate.weight', 'up.weight', 'down.weight']);
  });
});
