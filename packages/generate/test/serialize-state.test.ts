import { deserializeState, serializeState } from '@hybra/generate';
import { expect, it } from 'vitest';
import { type FixtureName, fixtureRunner, largestDifference, someTokens } from './fixture-runner.js';

it.each<FixtureName>(['nemotron_h', 'mamba', 'mamba2', 'llama'])(
  '%s: a state from a file gives the logits of one pass, on another device',
  async (name) => {
    await using writer = await fixtureRunner(name);
    const rows = [someTokens(70, 2), someTokens(3, 3)];
    const state = await writer.runner.advance(rows, writer.runner.initialState(2));
    const file = await serializeState(writer.runner, state);
    expect(state.isSpent).toBe(false);

    await using reader = await fixtureRunner(name, { capacity: 1 });
    const restored = await deserializeState(reader.runner, file);
    expect(restored.positions).toEqual([70, 3]);
    expect(await serializeState(reader.runner, restored)).toEqual(file);
    const continued = await reader.runner.forward([[5, 6], [7]], restored);
    const whole = await writer.runner.forward(
      [
        [...rows[0]!, 5, 6],
        [...rows[1]!, 7],
      ],
      writer.runner.initialState(2),
    );
    expect(largestDifference(continued.logits.data, whole.logits.data)).toBeLessThan(2e-4);
  },
);

it('refuses a state of another model, a damaged one, and a file that is none', async () => {
  await using mamba = await fixtureRunner('mamba');
  await using mamba2 = await fixtureRunner('mamba2');
  const state = await mamba.runner.advance([someTokens(9)], mamba.runner.initialState());
  const file = await serializeState(mamba.runner, state);
  await expect(deserializeState(mamba2.runner, file)).rejects.toMatchObject({
    code: 'E_FORMAT',
    message: expect.stringContaining('belongs to the model'),
  });
  const damaged = file.slice();
  damaged[damaged.length - 3]! ^= 1;
  await expect(deserializeState(mamba.runner, damaged)).rejects.toMatchObject({
    code: 'E_FORMAT',
    message: expect.stringContaining('SHA-256'),
  });
  await expect(deserializeState(mamba.runner, file.slice(0, 100))).rejects.toMatchObject({
    code: 'E_FORMAT',
  });
  await expect(deserializeState(mamba.runner, new Uint8Array(5))).rejects.toMatchObject({ code: 'E_FORMAT' });
});
