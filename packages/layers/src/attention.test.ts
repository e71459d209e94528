import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { compile, data, readback, type Tensor, zerosOn } from '@hybra/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noise, rows } from '../test/tensors.js';
import { attentionLayer } from './attention.js';
import { linear } from './linear.js';
import { stepContext } from './step-context.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

describe('attentionLayer', () => {
  const parts = {
    query: linear(noise([8, 6], 1)),
    key: linear(noise([4, 6], 2)),
    value: linear(noise([4, 6], 3)),
    output: linear(noise([6, 8], 4)),
  };
  const sizes = { heads: 4, keyValueHeads: 2, headSize: 2 };

  /** Feeds tokens in chunks of `chunk` and gives all outputs. */
  async function feed(
    window: number | undefined,
    at: { capacity: number; chunk: number },
  ): Promise<number[]> {
    const layer = attentionLayer(parts, { ...sizes, window });
    const input = await data(noise([1, 12, 6], 5), { device });
    const pool = { dtype: 'f32', shape: [2, at.capacity, 2, 2] } as const;
    let states: Readonly<Record<string, Tensor>> = {
      keys: zerosOn(device, pool.shape),
      values: zerosOn(device, pool.shape),
    };
    const program = await compile({
      label: 'attention',
      device,
      inputs: { x: { dtype: 'f32', shape: [1, at.chunk, 6] }, starts: { dtype: 'i32', shape: [1] } },
      states: { keys: pool, values: pool },
      build: ({ inputs, states: pools }) => {
        const context = stepContext({
          slots: rows([1]),
          starts: inputs.starts!,
          lengths: rows([at.chunk]),
          time: at.chunk,
        });
        const { y, state } = layer.forward(inputs.x!, context, pools);
        return { outputs: { y }, states: state };
      },
    });
    const outputs: number[] = [];
    for (let start = 0; start < 12; start += at.chunk) {
      const x = (input as Float32Array).slice(start * 6, (start + at.chunk) * 6);
      const result = program.run({ inputs: { x, starts: Int32Array.of(start) }, states });
      states = result.states;
      outputs.push(...(await readback(result.outputs.y!)));
    }
    program.dispose();
    return outputs;
  }

  function expectClose(got: number[], expected: number[]): void {
    // float32 softmaxes over the same few keys.
    for (const [index, value] of got.entries()) expect(value).toBeCloseTo(expected[index]!, 5);
  }

  it('refuses heads that do not divide, and a state that is not its own', () => {
    expect(() => attentionLayer(parts, { ...sizes, keyValueHeads: 3 })).toThrow(
      expect.objectContaining({ code: 'E_CONFIG' }),
    );
    const context = stepContext({ slots: rows([0]), starts: rows([0]), lengths: rows([1]), time: 1 });
    expect(() => attentionLayer(parts, sizes).forward(noise([1, 1, 6]), context, {})).toThrow(
      /its state is missing/,
    );
  });

  it('is the same in chunks of any length', async () => {
    const whole = await feed(undefined, { capacity: 12, chunk: 12 });
    expectClose(await feed(undefined, { capacity: 16, chunk: 1 }), whole);
    expectClose(await feed(undefined, { capacity: 12, chunk: 4 }), whole);
  });

  it('with a window needs no more than a ring of window + chunk − 1 rows', async () => {
    const whole = await feed(3, { capacity: 12, chunk: 12 });
    expect(whole).not.toEqual(await feed(undefined, { capacity: 12, chunk: 12 }));
    expectClose(await feed(3, { capacity: 3, chunk: 1 }), whole);
    expectClose(await feed(3, { capacity: 6, chunk: 4 }), whole);
  });
});
