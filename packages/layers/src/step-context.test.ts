import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { compile, data, literal, readback, type Tensor } from '@hybra/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../test/tensors.js';
import { stepContext, transferContext } from './step-context.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

async function numbers(tensor: Tensor): Promise<number[]> {
  return [...(await data(tensor, { device }))];
}

describe('stepContext', () => {
  it('refuses what is no batch of rows', () => {
    const one = rows([0]);
    const refused = (change: Partial<Parameters<typeof stepContext>[0]>, code: string) =>
      expect(() => stepContext({ slots: one, starts: one, lengths: one, time: 1, ...change })).toThrow(
        expect.objectContaining({ code }),
      );
    refused({ time: 0 }, 'E_ARGUMENT');
    refused({ time: 1.5 }, 'E_ARGUMENT');
    refused({ starts: rows([0, 1]) }, 'E_SHAPE');
    refused({ lengths: literal(new Float32Array(1), [1], 'f32') }, 'E_DTYPE');
    refused({ slots: literal(new Int32Array(1), [], 'i32') }, 'E_SHAPE');
  });

  it('derives ends, positions and validity', async () => {
    const context = stepContext({
      slots: rows([1, -1]),
      starts: rows([5, 0]),
      lengths: rows([2, 3]),
      time: 3,
    });
    expect(await numbers(context.ends)).toEqual([7, 3]);
    expect(await numbers(context.positions)).toEqual([5, 6, 7, 0, 1, 2]);
    expect(await numbers(context.valid)).toEqual([1, 1, 0, 1, 1, 1]);
  });

  it('is the same on another device', async () => {
    const other = await cpu({ name: 'second' }).open();
    const program = await compile({
      label: 'context',
      device,
      inputs: { slots: { dtype: 'i32', shape: [1] } },
      build: ({ inputs }) => {
        const context = stepContext({ slots: inputs.slots!, starts: rows([4]), lengths: rows([1]), time: 2 });
        const there = transferContext(context, other);
        return { outputs: { slots: there.slots, positions: there.positions } };
      },
    });
    const { outputs } = program.run({ inputs: { slots: Int32Array.of(9) } });
    expect([...(await readback(outputs.slots!))]).toEqual([9]);
    expect([...(await readback(outputs.positions!))]).toEqual([4, 5]);
    expect(outputs.slots!.device).toBe(other);
    program.dispose();
    await other.dispose();
  });
});
