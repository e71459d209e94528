import { type Generation, type GenerationOptions, type Runner, startGeneration } from '@hybra/generate';
import { describe, expect, it } from 'vitest';
import { fixtureRunner, largestDifference, someTokens } from './fixture-runner.js';

async function drain(generation: Generation): Promise<readonly number[][]> {
  while ((await generation.next()) !== undefined) {}
  return generation.tokens;
}

async function generated(
  runner: Runner,
  prompts: number[][],
  options: GenerationOptions,
): Promise<readonly number[][]> {
  const generation = await startGeneration(runner, prompts, runner.initialState(prompts.length), options);
  const tokens = await drain(generation);
  generation.dispose();
  return tokens;
}

const greedy = { sampling: { temperature: 0 } } as const;

it('greedy decoding takes the largest logit of each step', async () => {
  await using fixture = await fixtureRunner();
  const { runner } = fixture;
  const prompt = someTokens(9);
  const [tokens] = await generated(runner, [prompt], { ...greedy, maxTokens: 12 });
  let { logits, state } = await runner.forward([prompt], runner.initialState());
  for (const token of tokens!) {
    expect(token).toBe(logits.data.indexOf(Math.max(...logits.data)));
    ({ logits, state } = await runner.forward([[token]], state));
  }
  expect(tokens).toHaveLength(12);
});

it.each([0, 1, 3])(
  'finish gives the state of exactly the kept tokens, with %i steps of lookahead',
  async (lookahead) => {
    await using fixture = await fixtureRunner();
    const { runner } = fixture;
    const prompt = someTokens(9);
    for (const [maxTokens, kept] of [
      [1, 0],
      [1, 1],
      [40, 0],
      [40, 31],
      [40, 33],
      [40, 39],
      [40, 40],
    ] as const) {
      const generation = await startGeneration(runner, [prompt], runner.initialState(), {
        ...greedy,
        maxTokens,
        lookahead,
      });
      const [tokens] = await drain(generation);
      expect(tokens).toHaveLength(maxTokens);
      const state = await generation.finish([kept]);
      expect(state.positions).toEqual([9 + kept]);
      const continued = await runner.forward([[5, 6]], state);
      const fresh = await runner.forward(
        [[...prompt, ...tokens!.slice(0, kept), 5, 6]],
        runner.initialState(),
      );
      expect(largestDifference(continued.logits.data, fresh.logits.data)).toBeLessThan(2e-4);
      continued.state.dispose();
      fresh.state.dispose();
    }
  },
);

it('a stop before the last read token goes back although steps ran ahead', async () => {
  await using fixture = await fixtureRunner();
  const { runner } = fixture;
  const prompt = someTokens(4);
  const generation = await startGeneration(runner, [prompt], runner.initialState(), {
    ...greedy,
    lookahead: 3,
  });
  for (let step = 0; step < 6; step++) await generation.next();
  const state = await generation.finish([4]);
  const continued = await runner.forward([[5]], state);
  const fresh = await runner.forward(
    [[...prompt, ...generation.tokens[0]!.slice(0, 4), 5]],
    runner.initialState(),
  );
  expect(largestDifference(continued.logits.data, fresh.logits.data)).toBeLessThan(2e-4);
});

it('a sequence that meets an end token is masked while the others go on', async () => {
  await using fixture = await fixtureRunner();
  const { runner } = fixture;
  const prompts = [someTokens(6, 1), someTokens(11, 2)];
  const free = await generated(runner, prompts, { ...greedy, maxTokens: 20 });
  const eos = free[0]![7]!;
  const firstEnd = free[0]!.indexOf(eos);
  const secondEnd = free[1]!.indexOf(eos);
  const generation = await startGeneration(runner, prompts, runner.initialState(2), {
    ...greedy,
    maxTokens: 20,
    eosIds: [eos],
  });
  const tokens = await drain(generation);
  expect(tokens[0]).toEqual(free[0]!.slice(0, firstEnd));
  expect(tokens[1]).toEqual(secondEnd < 0 ? free[1] : free[1]!.slice(0, secondEnd));
  const state = await generation.finish();
  expect(state.positions).toEqual([6 + tokens[0]!.length, 11 + tokens[1]!.length]);
  const continued = await runner.forward([[5], [5]], state);
  for (const [row, prompt] of prompts.entries()) {
    const fresh = await runner.forward([[...prompt, ...tokens[row]!, 5]], runner.initialState());
    expect(
      largestDifference(continued.logits.data.slice(row * 512, (row + 1) * 512), fresh.logits.data),
    ).toBeLessThan(2e-4);
  }
});

describe('sampling', () => {
  it('depends on the seed alone: not on lookahead, nor on what runs beside it', async () => {
    await using fixture = await fixtureRunner();
    const { runner } = fixture;
    const prompt = someTokens(6);
    const options = { sampling: { temperature: 1, seed: 2 ** 40 + 7 }, maxTokens: 24 };
    const [once] = await generated(runner, [prompt], options);
    const [ahead] = await generated(runner, [prompt], { ...options, lookahead: 3 });
    const [beside] = await generated(runner, [prompt, someTokens(3)], options);
    const [other] = await generated(runner, [prompt], { ...options, sampling: { temperature: 1, seed: 8 } });
    expect(ahead).toEqual(once);
    expect(beside).toEqual(once);
    expect(other).not.toEqual(once);
  });

  it('top-k 1, and a tiny top-p, are greedy', async () => {
    await using fixture = await fixtureRunner();
    const { runner } = fixture;
    const prompt = someTokens(6);
    const expected = await generated(runner, [prompt], { ...greedy, maxTokens: 10 });
    expect(await generated(runner, [prompt], { sampling: { topK: 1 }, maxTokens: 10 })).toEqual(expected);
    expect(await generated(runner, [prompt], { sampling: { topP: 1e-6 }, maxTokens: 10 })).toEqual(expected);
    expect(await generated(runner, [prompt], { sampling: { minP: 1 }, maxTokens: 10 })).toEqual(expected);
  });

  it('a strong repetition penalty, or presence penalty, never repeats a token, the prompt included', async () => {
    await using fixture = await fixtureRunner();
    const { runner } = fixture;
    const prompt = [...new Set(someTokens(6))];
    const [tokens] = await generated(runner, [prompt], {
      sampling: { temperature: 0, presencePenalty: 100 },
      maxTokens: 30,
    });
    expect(new Set([...prompt, ...tokens!]).size).toBe(prompt.length + 30);
  });

  it.each([
    ['temperature', { temperature: -1 }],
    ['topP', { topP: 1.5 }],
    ['topK', { topK: 2.5 }],
    ['seed', { seed: -3 }],
    ['minP', { minP: Number.NaN }],
    ['repetitionPenalty', { repetitionPenalty: 0 }],
  ])('%s outside its range is refused', async (name, sampling) => {
    await using fixture = await fixtureRunner();
    const { runner } = fixture;
    const state = runner.initialState();
    await expect(startGeneration(runner, [[1]], state, { sampling })).rejects.toMatchObject({
      code: 'E_ARGUMENT',
      details: { name },
    });
    expect(state.isSpent).toBe(false);
  });
});

it('allocates no device memory per token after the first', async () => {
  await using fixture = await fixtureRunner();
  const { runner, device } = fixture;
  const generation = await startGeneration(runner, [someTokens(5)], runner.initialState(), greedy);
  for (let step = 0; step < 3; step++) await generation.next();
  const before = device.memoryBytes();
  for (let step = 0; step < 50; step++) await generation.next();
  expect(device.memoryBytes()).toBe(before);
  generation.dispose();
});

it('ends where the context ends', async () => {
  await using fixture = await fixtureRunner('nemotron_h', { contextLength: 12 });
  const [tokens] = await generated(fixture.runner, [someTokens(8)], greedy);
  expect(tokens).toHaveLength(5); // The fifth is chosen after the twelfth token and never fed.
});

it('an abort between tokens leaves the exact state of what was read', async () => {
  await using fixture = await fixtureRunner();
  const { runner } = fixture;
  const controller = new AbortController();
  const prompt = someTokens(5);
  const generation = await startGeneration(runner, [prompt], runner.initialState(), {
    ...greedy,
    signal: controller.signal,
  });
  for (let step = 0; step < 4; step++) await generation.next();
  controller.abort();
  await expect(generation.next()).rejects.toMatchObject({ code: 'E_ABORTED' });
  const state = await generation.finish();
  expect(state.positions).toEqual([5 + generation.tokens[0]!.length]);
  const continued = await runner.forward([[5]], state);
  const fresh = await runner.forward([[...prompt, ...generation.tokens[0]!, 5]], runner.initialState());
  expect(largestDifference(continued.logits.data, fresh.logits.data)).toBeLessThan(2e-4);
});
