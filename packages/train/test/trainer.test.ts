import { cpu } from '@hybra/backend-cpu';
import { type HostWeights, initialWeights } from '@hybra/models';
import type { Device } from '@hybra/spec';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  arrayTokens,
  createTrainer,
  streamBatches,
  type Trainer,
  type TrainerOptions,
} from '../src/index.js';
import { countingTokens, tinyHybrid } from './tiny-model.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

const data = streamBatches(arrayTokens(countingTokens(2000)), { rows: 4, time: 24, seed: 3 });

function trainer(options: Partial<TrainerOptions> = {}): Promise<Trainer> {
  const weights = initialWeights(tinyHybrid, 1);
  return createTrainer({ device, config: tinyHybrid, weights, batch: 4, time: 24, ...options });
}

async function losses(made: Trainer, steps: number, rate = 1e-2): Promise<number[]> {
  const all: number[] = [];
  for (let step = 0; step < steps; step++) all.push((await made.takeStep(data.at(step), rate)).loss);
  return all;
}

it('refuses sizes and rates out of range', async () => {
  await expect(trainer({ batch: 0 })).rejects.toMatchObject({ code: 'E_ARGUMENT' });
  await expect(trainer({ dropout: 1 })).rejects.toMatchObject({ code: 'E_ARGUMENT' });
  await expect(trainer({ mode: { kind: 'lora', rank: 2, alpha: 4, targets: ['nothing'] } })).rejects.toThrow(
    /no matrix is called nothing; there are .*inProjection/,
  );
});

it('refuses tokens that the model does not have', async () => {
  const made = await trainer();
  const batch = data.at(0);
  for (const wrong of [17, -2]) {
    const ids = batch.ids.with(3, wrong);
    await expect(made.takeStep({ ...batch, ids }, 1e-3)).rejects.toThrow(/the model has 17 tokens/);
    await expect(made.evaluate({ ...batch, targets: ids })).rejects.toMatchObject({ code: 'E_ARGUMENT' });
  }
  made.dispose();
});

it('learns: every kind of layer in one step program', async () => {
  const made = await trainer();
  const curve = await losses(made, 60);
  expect(curve[0]).toBeGreaterThan(2.5); // ln 17 = 2.83
  expect(curve.at(-1)).toBeLessThan(1.2);
  const evaluated = await made.meanLoss([data.at(1000)]);
  expect(evaluated).toBeLessThan(1.5);
  made.dispose();
});

it('gives the same losses with recomputation, and with accumulation of the same rows', async () => {
  const plain = await trainer();
  const again = await trainer({ recompute: true });
  const halves = await trainer({ batch: 2, accumulation: 2 });
  const [a, b, c] = [await losses(plain, 4), await losses(again, 4), await losses(halves, 4)];
  // The same operations; sums of gradients in another order move the last bits, and Adam's sign of a tiny
  // gradient magnifies that over the steps.
  for (const [step, loss] of a.entries()) {
    expect(Math.abs(b[step]! - loss)).toBeLessThan(2e-4);
    expect(Math.abs(c[step]! - loss)).toBeLessThan(2e-4);
  }
  for (const each of [plain, again, halves]) each.dispose();
});

it('trains only what it is told to, and merges LoRA into weights that give the same losses', async () => {
  const before = initialWeights(tinyHybrid, 1);
  const made = await trainer({
    mode: { kind: 'lora', rank: 2, alpha: 4, targets: ['inProjection', 'query'] },
  });
  const batch = data.at(500);
  const start = await made.meanLoss([batch]);
  await losses(made, 20, 3e-2);
  expect(await made.meanLoss([batch])).toBeLessThan(start - 0.1);
  const merged = await made.weights();
  expect(changed(before, merged)).toEqual([
    'layers.0.mixer.inProjection.weight',
    'layers.2.mixer.query.weight',
    'layers.4.mixer.inProjection.weight',
  ]);
  const whole = await trainer({ weights: merged });
  expect(await whole.meanLoss([batch])).toBeCloseTo(await made.meanLoss([batch]), 5);
  made.dispose();
  whole.dispose();
});

it('tunes the state that sequences start from, and nothing else', async () => {
  const made = await trainer({ mode: { kind: 'state' } });
  const batch = data.at(500);
  const start = await made.meanLoss([batch]);
  await losses(made, 15, 0.1);
  expect(await made.meanLoss([batch])).toBeLessThan(start);
  expect([...(await made.variables()).keys()]).toEqual([
    'state.0.ssm',
    'state.0.convolution',
    'state.4.ssm',
    'state.4.convolution',
  ]);
  expect(changed(initialWeights(tinyHybrid, 1), await made.weights())).toEqual([]);
  made.dispose();
});

it('drops out by seed and step, and not in evaluation', async () => {
  const plain = await trainer();
  const dropped = await trainer({ dropout: 0.5, seed: 7 });
  const same = await trainer({ dropout: 0.5, seed: 7, recompute: true });
  const other = await trainer({ dropout: 0.5, seed: 8 });
  const batch = data.at(0);
  expect(await dropped.meanLoss([batch])).toBe(await plain.meanLoss([batch]));
  const first = await Promise.all(
    [dropped, same, other].map(async (each) => (await each.takeStep(batch, 1e-3)).loss),
  );
  expect(first[0]).toBe(first[1]);
  expect(first[0]).not.toBe(first[2]);
  expect((await dropped.takeStep(batch, 0)).loss).not.toBe(first[0]);
  for (const each of [plain, dropped, same, other]) each.dispose();
});

it('stops at a gradient that is not finite, names step and tensor, and keeps the weights', async () => {
  const weights = new Map(initialWeights(tinyHybrid, 1));
  const broken = weights.get('layers.1.mixer.up.weight')!.slice();
  broken[3] = Number.NaN;
  weights.set('layers.1.mixer.up.weight', broken);
  const made = await trainer({ weights });
  await expect(made.takeStep(data.at(0), 1e-3)).rejects.toMatchObject({
    code: 'E_ARGUMENT',
    message: expect.stringMatching(/stopped at step 1: the loss is NaN.*embedding\.weight/),
  });
  expect(changed(weights, await made.weights())).toEqual([]);
  expect(made.step).toBe(0);
  made.dispose();
});

it('takes what it says of memory, and hardly more than lives at one time', async () => {
  const own = await cpu().open(); // on another device, memory of earlier tests may not be free yet
  const made = await trainer({ device: own });
  await losses(made, 1);
  const { bytes, minimumBytes, variableBytes } = made.memory;
  expect(own.memoryBytes()).toBe(bytes);
  expect(variableBytes).toBe(3 * 4 * variableCount(made)); // variables and two moments in float32
  expect(minimumBytes).toBeGreaterThan(variableBytes);
  expect(bytes / minimumBytes).toBeLessThan(1.3);
  made.dispose();
  await own.dispose();
});

it('applies weight decay to matrices alone', async () => {
  const made = await trainer({ adamW: { weightDecay: 0.5 } });
  const decaying = made.settings.parameterization.variables
    .filter(({ decays }) => decays)
    .map(({ name }) => name);
  expect(decaying).toContain('embedding.weight');
  expect(decaying).toContain('layers.0.mixer.inProjection.weight');
  for (const word of ['norm', 'bias', 'logDecay', 'skip', 'convolution', 'timeStepBias']) {
    expect(
      decaying.filter((name) => name.toLowerCase().includes(word.toLowerCase())),
      word,
    ).toEqual([]);
  }
  made.dispose();
});

function variableCount({ settings }: Trainer): number {
  return settings.parameterization.variables.reduce((sum, { values }) => sum + values.length, 0);
}

function changed(before: HostWeights, after: HostWeights): string[] {
  return [...before].flatMap(([name, values]) =>
    values.every((value, i) => Object.is(value, after.get(name)![i])) ? [] : [name],
  );
}
