import { fromLeftPadded } from '@hybra/generate';
import { describe, expect, it } from 'vitest';
import { type FixtureName, fixtureRunner, largestDifference, someTokens } from './fixture-runner.js';

// One float32 rounding apart: chunks of other lengths sum in another order. Logits have magnitude about 5.
const tolerance = 2e-4;

describe('bad input is refused before the state is spent', () => {
  it.each([
    ['no tokens', [[]], 'E_ARGUMENT', 'no tokens'],
    ['an id beyond the vocabulary', [[3, 512]], 'E_ARGUMENT', 'token 1 of sequence 0 is 512'],
    ['a negative id', [[-1]], 'E_ARGUMENT', 'expected an id from 0 to 511'],
    ['an id that is no integer', [[1.5]], 'E_ARGUMENT', '1.5'],
    ['more sequences than the state has', [[1], [2]], 'E_ARGUMENT', '2 sequences for a state of 1'],
  ])('%s', async (_, tokens, code, message) => {
    await using fixture = await fixtureRunner();
    const { runner } = fixture;
    const state = runner.initialState();
    await expect(runner.forward(tokens, state)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    expect(state.isSpent).toBe(false);
  });

  it('a prompt beyond the context, counting what the state holds', async () => {
    await using fixture = await fixtureRunner('nemotron_h', { contextLength: 10 });
    const { runner } = fixture;
    const { state } = await runner.forward([someTokens(8)], runner.initialState());
    await expect(runner.forward([someTokens(3)], state)).rejects.toMatchObject({
      code: 'E_CONTEXT_LENGTH',
      details: { position: 8, added: 3, contextLength: 10 },
    });
    expect(state.isSpent).toBe(false);
    await runner.forward([someTokens(2)], state);
  });

  it('a state that was used, and one of another runner', async () => {
    await using fixture = await fixtureRunner();
    await using other = await fixtureRunner();
    const state = fixture.runner.initialState();
    await fixture.runner.forward([[1]], state);
    await expect(fixture.runner.forward([[1]], state)).rejects.toMatchObject({
      code: 'E_DISPOSED',
      message: expect.stringContaining('Fork'),
    });
    await expect(fixture.runner.forward([[1]], other.runner.initialState())).rejects.toMatchObject({
      code: 'E_ARGUMENT',
    });
  });

  it('an aborted signal', async () => {
    await using fixture = await fixtureRunner();
    const state = fixture.runner.initialState();
    await expect(fixture.runner.forward([[1]], state, { signal: AbortSignal.abort() })).rejects.toMatchObject(
      { code: 'E_ABORTED' },
    );
    expect(state.isSpent).toBe(false);
  });
});

describe.each<FixtureName>(['nemotron_h', 'mamba', 'mamba2', 'llama'])('%s', (name) => {
  it('continuing from a state equals one pass, wherever it is cut', async () => {
    await using fixture = await fixtureRunner(name);
    const { runner } = fixture;
    const tokens = someTokens(83);
    const whole = await runner.forward([tokens], runner.initialState());
    for (const cut of [1, 16, 17, 64, 82]) {
      const first = await runner.advance([tokens.slice(0, cut)], runner.initialState());
      expect(first.positions).toEqual([cut]);
      const second = await runner.forward([tokens.slice(cut)], first);
      expect(largestDifference(second.logits.data, whole.logits.data)).toBeLessThan(tolerance);
      second.state.dispose();
    }
    const steps = await runner.forward([tokens], runner.initialState(), { stepwise: true });
    expect(largestDifference(steps.logits.data, whole.logits.data)).toBeLessThan(tolerance);
  });

  it('a ragged batch equals its sequences alone, also left-padded', async () => {
    await using fixture = await fixtureRunner(name);
    const { runner } = fixture;
    const rows = [someTokens(37, 2), someTokens(5, 3), someTokens(300, 4)];
    const together = await runner.forward(rows, runner.initialState(3));
    expect(together.state.positions).toEqual([37, 5, 300]);
    const padded = rows.map((row) => [...Array<number>(300 - row.length).fill(0), ...row]);
    const mask = rows.map((row) => [...Array<number>(300 - row.length).fill(0), ...row.map(() => 1)]);
    const fromPadded = await runner.forward(fromLeftPadded(padded, mask), runner.initialState(3));
    for (const [index, row] of rows.entries()) {
      const alone = await runner.forward([row], runner.initialState());
      const width = together.logits.shape[1]!;
      const at = [index * width, (index + 1) * width] as const;
      expect(largestDifference(together.logits.data.slice(...at), alone.logits.data)).toBeLessThan(tolerance);
      expect(largestDifference(fromPadded.logits.data.slice(...at), alone.logits.data)).toBeLessThan(
        tolerance,
      );
      alone.state.dispose();
    }
  });
});

describe('states', () => {
  it('forks share memory until one is written, and then go their own ways', async () => {
    await using fixture = await fixtureRunner();
    const { runner } = fixture;
    const prompt = someTokens(20);
    const state = await runner.advance([prompt], runner.initialState());
    const fork = state.fork();
    expect(fork.rows[0]!.slot).toBe(state.rows[0]!.slot);
    const left = await runner.forward([[7, 8]], state);
    const right = await runner.forward([[9]], fork);
    expect(left.state.rows[0]!.slot).not.toBe(right.state.rows[0]!.slot);
    const leftAgain = await runner.forward([[...prompt, 7, 8]], runner.initialState());
    const rightAgain = await runner.forward([[...prompt, 9]], runner.initialState());
    expect(largestDifference(left.logits.data, leftAgain.logits.data)).toBeLessThan(tolerance);
    expect(largestDifference(right.logits.data, rightAgain.logits.data)).toBeLessThan(tolerance);
  });

  it('grow past their capacity without losing anything', async () => {
    await using fixture = await fixtureRunner('llama', { capacity: 64 });
    const { runner } = fixture;
    const tokens = someTokens(200);
    const other = await runner.advance([someTokens(30, 9)], runner.initialState());
    let state = runner.initialState();
    for (let at = 0; at < 200; at += 50) state = await runner.advance([tokens.slice(at, at + 50)], state);
    const grown = await runner.forward([[5]], state);
    const fresh = await runner.forward([[...tokens, 5]], runner.initialState());
    expect(largestDifference(grown.logits.data, fresh.logits.data)).toBeLessThan(tolerance);
    const continued = await runner.forward([[5]], other);
    const otherFresh = await runner.forward([[...someTokens(30, 9), 5]], runner.initialState());
    expect(largestDifference(continued.logits.data, otherFresh.logits.data)).toBeLessThan(tolerance);
  });

  it('of a state-space model have constant size', async () => {
    await using fixture = await fixtureRunner('mamba2');
    const { runner } = fixture;
    const short = await runner.advance([someTokens(3)], runner.initialState());
    const long = await runner.advance([someTokens(300)], runner.initialState());
    expect(long.bytes).toBe(short.bytes);
  });

  it('give their memory back', async () => {
    await using fixture = await fixtureRunner();
    const { runner, device } = fixture;
    runner.initialState(4).dispose();
    const before = device.memoryBytes();
    for (let round = 0; round < 5; round++) runner.initialState(4).dispose();
    expect(device.memoryBytes()).toBe(before);
  });
});

describe('losses', () => {
  it('equal those of all logits, and ignore targets of −1', async () => {
    await using fixture = await fixtureRunner();
    const { runner } = fixture;
    const tokens = someTokens(21);
    const targets = [...tokens.slice(1), -1];
    const all = await runner.forwardAll([tokens], runner.initialState());
    const { losses } = await runner.loss([tokens], [targets], runner.initialState());
    for (const [t, target] of targets.entries()) {
      const row = all.logits.data.slice(t * 512, (t + 1) * 512);
      const highest = Math.max(...row);
      const expected =
        target < 0
          ? 0
          : Math.log(row.reduce((sum, x) => sum + Math.exp(x - highest), 0)) + highest - row[target]!;
      expect(losses[0]![t]).toBeCloseTo(expected, 4);
    }
  });
});
