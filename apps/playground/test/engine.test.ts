import { generateText, readState } from '@hybra/generate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alternatives } from '../src/engine/alternatives.js';
import { Branch } from '../src/engine/branch.js';
import { createEngine } from '../src/engine/engine.js';
import type { Look, TrainStep, WriteEvent, WriteRequest } from '../src/engine/protocol.js';
import { openSession, type Session } from '../src/engine/session.js';
import { stateNorms } from '../src/engine/state-norms.js';
import { trainSession } from '../src/engine/train-session.js';
import { write } from '../src/engine/write.js';
import { greedyText, shakespeareFiles } from './shakespeare.js';

const prompt = { kind: 'text', text: 'ROMEO:\n' } as const;
const greedy: WriteRequest = { branch: 0, prompt, sampling: { temperature: 0 }, maxTokens: 24, stop: [] };
const drawn = { temperature: 0.7, topP: 0.95, seed: 7, repetitionPenalty: 2 };

let session: Session;
beforeAll(async () => {
  session = await openSession({ model: await shakespeareFiles(), device: 'cpu' });
});
afterAll(() => session.dispose());

/** Writes to a branch. @returns the tokens' text, the prompt's included, and what happened */
async function written(branch: Branch, request: WriteRequest, signal?: AbortSignal) {
  const events: WriteEvent[] = [];
  const result = await write(session, branch, request, {
    ...(signal && { signal }),
    onEvent: (event) => events.push(event),
  });
  return { ...result, events, text: session.tokenizer.decode(branch.ids) };
}

function looksOf(events: readonly WriteEvent[]): Look[] {
  return events.flatMap((event) => (event.kind === 'look' ? [event.look] : []));
}

describe('calls that cannot be', () => {
  const options = { signal: new AbortController().signal, onEvent: () => {} };

  test('without a model there is nothing to write with', async () => {
    await expect(createEngine().write(greedy, options)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
  });

  test('a folder without a model says what is missing', async () => {
    const files = [new File(['{}'], 'notes.json')];
    await expect(
      createEngine().open({ model: { kind: 'files', name: 'mine', files }, device: 'cpu' }, options),
    ).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: expect.stringContaining('tokenizer'),
    });
  });

  test('an empty prompt and a place beyond the end are refused', async () => {
    const branch = new Branch(session.runner);
    const empty = { ...greedy, prompt: { kind: 'continue' } } as const;
    await expect(written(branch, empty)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    const engine = createEngine();
    await engine.open({ model: await shakespeareFiles(), device: 'cpu' }, options);
    for (const position of [0, 1, 1.5]) {
      await expect(engine.fork({ branch: 0, position }, options)).rejects.toMatchObject({
        code: 'E_ARGUMENT',
      });
    }
  });
});

describe('writing', () => {
  test('in short runs gives the golden text', async () => {
    const { text, finishReason } = await written(new Branch(session.runner), greedy);
    expect(finishReason).toBe('length');
    expect(await greedyText()).toContain(text);
    expect(text.length).toBeGreaterThan(60);
  });

  test('in short runs gives the same draws and penalties as one long run', async () => {
    const options = { prompt: prompt.text, sampling: drawn, maxTokens: 20 };
    const long = generateText(session.runner, session.tokenizer, options);
    let step = await long.next();
    while (!step.done) step = await long.next();
    step.value.state.dispose();
    const branch = new Branch(session.runner);
    await written(branch, { ...greedy, sampling: drawn, maxTokens: 20 });
    expect(branch.ids).toEqual([...step.value.promptIds, ...step.value.ids]);
  });

  test('a stop string that spans runs is neither in the tokens nor in the state', async () => {
    const whole = await written(new Branch(session.runner), greedy);
    const stop = whole.text.slice(20, 50);
    const branch = new Branch(session.runner);
    const { text, tail, finishReason, events } = await written(branch, { ...greedy, stop: [stop] });
    expect(finishReason).toBe('stop');
    expect(text + tail).toBe(whole.text.slice(0, 20));
    const given = events.filter(({ kind }) => kind === 'token').length;
    const prompted = events.flatMap((event) => (event.kind === 'prompt' ? event.tokens : [])).length;
    expect(branch.ids.length).toBe(prompted + given);
  });

  test('an abort keeps what was written, and the text goes on from there', async () => {
    const controller = new AbortController();
    const branch = new Branch(session.runner);
    let count = 0;
    const { finishReason } = await write(session, branch, greedy, {
      signal: controller.signal,
      onEvent: ({ kind }) => {
        if (kind === 'token' && ++count === 5) controller.abort();
      },
    });
    expect(finishReason).toBe('aborted');
    const { text } = await written(branch, { ...greedy, prompt: { kind: 'continue' }, maxTokens: 10 });
    expect(await greedyText()).toContain(text);
  });

  test('a changed prompt is processed from where it differs', async () => {
    const branch = new Branch(session.runner);
    await written(branch, { ...greedy, maxTokens: 4 });
    const text = 'ROMEO:\nWhat';
    const { events } = await written(branch, { ...greedy, prompt: { kind: 'text', text }, maxTokens: 4 });
    const fresh = new Branch(session.runner);
    await written(fresh, { ...greedy, prompt: { kind: 'text', text }, maxTokens: 4 });
    expect(events[0]).toMatchObject({ kind: 'prompt', kept: session.tokenizer.encode(prompt.text).length });
    expect(branch.ids).toEqual(fresh.ids);
  });
});

describe('moments', () => {
  test('a branch goes its own way, and the first is as it was', async () => {
    const first = new Branch(session.runner);
    const whole = await written(first, greedy);
    const again = { ...greedy, prompt: { kind: 'continue' }, maxTokens: 6 } as const;
    for (const position of [4, 11, 19]) {
      const fork = first.fork(position);
      const more = await written(fork, { ...again, maxTokens: first.ids.length - position });
      expect(more.text).toBe(whole.text);
      const other = first.fork(position);
      other.append([fork.ids[position]! === 300 ? 301 : 300]);
      expect((await written(other, again)).text).not.toBe(whole.text);
    }
    expect(session.tokenizer.decode(first.ids)).toBe(whole.text);
  });

  test('a long branch keeps a bounded number of states and still reaches every moment', async () => {
    const { runner } = session;
    const { slots } = runner.runtime.pools;
    const held = (): number => slots.capacity - slots.freeCount;
    const before = held();
    const branch = new Branch(runner);
    let state = runner.initialState();
    for (let id = 1; id <= 40; id++) {
      branch.append([id]);
      state = await runner.advance([[id]], state);
      branch.keep(state.fork());
    }
    state.dispose();
    expect(held() - before).toBeGreaterThan(8);
    expect(held() - before).toBeLessThanOrEqual(32);
    for (const length of [1, 2, 17, 40]) {
      const start = branch.startBefore(length);
      expect(start.state.positions[0]).toBe(start.seen.length);
      expect([...start.seen, ...start.feed]).toEqual(branch.ids.slice(0, length));
      start.state.dispose();
    }
    branch.rewind(0);
    expect(held()).toBe(before);
  });

  test('alternatives are the probabilities of the next token, the greedy one first', async () => {
    const branch = new Branch(session.runner);
    await written(branch, { ...greedy, maxTokens: 12 });
    for (const position of [5, 13]) {
      const found = await alternatives(session, branch, position, session.runner.model.vocabularySize);
      expect(found[0]!.token.id).toBe(branch.ids[position]);
      expect(found.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6); // float64 sum
    }
  });

  test('norms computed on the device are those of the state as it is read', async () => {
    const { runner } = session;
    const state = await runner.advance([[5, 6, 7, 8, 9]], runner.initialState());
    const norms = await stateNorms(runner, state);
    const tensors = await readState(runner, state);
    expect(norms[2]!.length).toBe(16);
    for (const [layer, heads] of norms.entries()) {
      const read = tensors.find(({ name }) => name === `layers.${layer}.ssm`);
      expect(heads !== undefined).toBe(read !== undefined);
      if (!heads || !read) continue;
      const values = new Float32Array(read.bytes.buffer, read.bytes.byteOffset, read.bytes.byteLength / 4);
      const size = values.length / heads.length;
      for (const [head, norm] of heads.entries()) {
        // Sums of squares are rounded to float32 once on the device, and not at all here.
        expect(norm / Math.hypot(...values.subarray(head * size, (head + 1) * size))).toBeCloseTo(1, 5);
      }
    }
    state.dispose();
  });

  test('a look gives the norm of each head of each recurrent layer', async () => {
    const branch = new Branch(session.runner);
    const looks = looksOf((await written(branch, greedy)).events);
    const promptLength = session.tokenizer.encode(prompt.text).length;
    expect(looks.map(({ position }) => position).slice(0, 2)).toEqual([promptLength, promptLength + 8]);
    const { layers } = session.facts;
    for (const { norms } of looks) {
      expect(norms.map((heads) => heads?.length)).toEqual(
        layers.map(({ kind }) => (kind === 'mamba2' ? 16 : undefined)),
      );
      expect(norms.flatMap((heads) => heads ?? []).every((norm) => norm > 0 && norm < 1e4)).toBe(true);
    }
  });
});

describe('training', () => {
  const text = 'To be, or not to be, that is the question. '.repeat(8);
  const request = { subject: { kind: 'text', text }, steps: 10, learningRate: 4e-3, device: 'cpu' } as const;

  test('a text that is too short, and numbers out of range, are refused', async () => {
    await expect(
      trainSession({ ...request, subject: { kind: 'text', text: 'To be' } }),
    ).rejects.toMatchObject({
      code: 'E_ARGUMENT',
      message: expect.stringContaining('longer'),
    });
    for (const wrong of [{ steps: 0 }, { steps: 1.5 }, { learningRate: 0 }]) {
      await expect(trainSession({ ...request, ...wrong })).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    }
  });

  test('ten steps lower the loss, and the model writes', async () => {
    const losses: number[] = [];
    const trained = await trainSession(request, { onStep: ({ loss }) => losses.push(loss) });
    try {
      expect(losses.length).toBe(10);
      // A model that knows nothing gives every byte the same chance: ln 256 = 5.545 nats.
      expect(losses[0]).toBeCloseTo(Math.log(256), 0);
      expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.5);
      const branch = trained.branches[0]!;
      const start = { kind: 'text', text: 'To be' } as const;
      await write(trained, branch, { ...greedy, prompt: start, maxTokens: 8 });
      expect(branch.ids.length).toBe(13);
    } finally {
      await trained.dispose();
    }
  });

  test('phone books: the loss falls, answers are counted, and a book can be asked', async () => {
    const steps: TrainStep[] = [];
    const subject = { kind: 'phonebook' } as const;
    const trained = await trainSession(
      { ...request, subject, steps: 25, learningRate: 1e-2 },
      { onStep: (step) => steps.push(step) },
    );
    expect(steps.at(-1)!.loss).toBeLessThan(steps[0]!.loss - 0.5);
    expect(steps.map(({ accuracy }) => accuracy !== undefined).lastIndexOf(true)).toBe(24);
    expect(steps.filter(({ accuracy }) => accuracy !== undefined)).toHaveLength(1);
    const { text, maxTokens } = trained.facts.opening!;
    const branch = trained.branches[0]!;
    await write(trained, branch, { ...greedy, prompt: { kind: 'text', text }, maxTokens: maxTokens! });
    expect(trained.tokenizer.decode(branch.ids).slice(text.length)).toMatch(/^\d\d$/);
    await trained.dispose();
  });

  test('an abort ends it early with the model as it is', async () => {
    const controller = new AbortController();
    const trained = await trainSession(
      { ...request, steps: 1000 },
      { signal: controller.signal, onStep: ({ step }) => step === 2 && controller.abort() },
    );
    expect(trained.facts.name).toContain('2 steps');
    await trained.dispose();
  });
});
