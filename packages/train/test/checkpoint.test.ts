import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@hybra/backend-cpu';
import { initialWeights } from '@hybra/models';
import type { Device } from '@hybra/spec';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  arrayTokens,
  createTrainer,
  evaluationBatches,
  saveCheckpoint,
  streamBatches,
  type TrainingEvent,
  type TrainingResult,
  type TrainOptions,
  train,
} from '../src/index.js';
import { countingTokens, tinyNemotron } from './tiny-model.js';

let device: Device;
let folder: string;
beforeAll(async () => {
  device = await cpu().open();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hybra-train-'));
});
afterAll(() => device.dispose());

const source = arrayTokens(countingTokens(600));
const data = streamBatches(source, { rows: 2, time: 8, seed: 5 });
const schedule = { kind: 'cosine', peak: 1e-2, steps: 12, warmup: 2 } as const;

async function run(
  options: Partial<TrainOptions> = {},
): Promise<{ losses: Map<number, number>; events: TrainingEvent[]; result: TrainingResult }> {
  const trainer = await createTrainer({
    device,
    config: tinyNemotron,
    weights: initialWeights(tinyNemotron, 1),
    batch: 2,
    time: 8,
    dropout: 0.1,
    seed: 2,
  });
  const losses = new Map<number, number>();
  const events: TrainingEvent[] = [];
  try {
    const result = await train(trainer, {
      data,
      schedule,
      ...options,
      onEvent: async (event) => {
        events.push(event);
        if (event.kind === 'step') losses.set(event.step, event.loss);
        await options.onEvent?.(event);
      },
    });
    return { losses, events, result };
  } finally {
    trainer.dispose();
  }
}

/** Runs until the end of a step, as if the process ended there: without a last checkpoint. */
async function runAndDie(at: number, saveEvery: number, resume = false): Promise<void> {
  const died = new Error('died');
  const onEvent = (event: TrainingEvent): void => {
    if (event.kind === 'step' && event.step === at) throw died;
  };
  await expect(run({ folder, saveEvery, resume, onEvent })).rejects.toBe(died);
}

it('gives bit-identical losses when it is resumed, however often', async () => {
  const whole = await run();
  await runAndDie(4, 3);
  await runAndDie(8, 3, true);
  const resumed = await run({ folder, saveEvery: 3, resume: true });
  expect(resumed.events[0]).toEqual({ kind: 'resumed', step: 6 });
  expect(resumed.losses.size).toBe(6);
  for (const [step, loss] of resumed.losses) expect(loss, `step ${step}`).toBe(whole.losses.get(step));
});

it('ends cleanly when asked to, and continues from there', async () => {
  const whole = await run();
  const controller = new AbortController();
  const first = await run({
    folder,
    signal: controller.signal,
    onEvent: (event) => void (event.kind === 'step' && event.step === 5 && controller.abort()),
  });
  expect(first.result).toMatchObject({ reason: 'interrupted', step: 5 });
  const rest = await run({ folder, resume: true });
  expect(rest.losses.get(6)).toBe(whole.losses.get(6));
});

it('passes over a truncated or changed checkpoint and uses the one before', async () => {
  await run({ folder, saveEvery: 5 }); // saves at 5, 10, 12; keeps 10 and 12
  expect((await readdir(folder)).filter((name) => name.endsWith('.json')).sort()).toEqual([
    'step-00000010.json',
    'step-00000012.json',
  ]);
  await truncate(join(folder, 'step-00000012.safetensors'), 1000);
  const events = (await run({ folder, resume: true })).events;
  expect(events[0]).toMatchObject({ kind: 'warning', message: expect.stringContaining('step-00000012') });
  expect(events[1]).toEqual({ kind: 'resumed', step: 10 });

  const bytes = await readFile(join(folder, 'step-00000012.safetensors'));
  bytes[bytes.length - 3]! ^= 1; // one bit of a moment
  await writeFile(join(folder, 'step-00000012.safetensors'), bytes);
  expect((await run({ folder, resume: true })).events[1]).toEqual({ kind: 'resumed', step: 10 });

  for (const step of ['10', '12']) await truncate(join(folder, `step-000000${step}.safetensors`), 9);
  await expect(run({ folder, resume: true })).rejects.toMatchObject({ code: 'E_FORMAT' });
});

it('refuses to write over a training, or to resume another one', async () => {
  await run({ folder });
  await expect(run({ folder })).rejects.toThrow(/holds a training at step 12/);
  const other = { ...schedule, peak: 2e-2 };
  await expect(run({ folder, resume: true, schedule: other })).rejects.toMatchObject({ code: 'E_CONFIG' });
});

it('keeps the last checkpoint when the disk is full, and says so', async () => {
  await run({ folder, saveEvery: 12 });
  const before = await readdir(folder);
  const full = [
    {
      name: 'x',
      dtype: 'f32' as const,
      shape: [2],
      bytes: () =>
        Promise.reject(
          Object.assign(new Error('ENOSPC: no space left on device, write'), {
            code: 'ENOSPC',
            syscall: 'write',
          }),
        ),
    },
  ];
  await expect(saveCheckpoint(folder, full, { step: 13, training: '', tokens: 0 })).rejects.toMatchObject({
    code: 'E_IO',
  });
  expect(await readdir(folder)).toEqual(before);
});

it('survives kill -9 while checkpoints are written', async () => {
  // A process that writes checkpoints as fast as it can is killed; what is left has a whole one, or none was done.
  const script = join(import.meta.dirname, 'write-checkpoints.ts');
  const vite = join(import.meta.dirname, '../../../node_modules/.bin/tsx');
  const child = spawn(
    vite,
    ['--tsconfig', join(import.meta.dirname, '../../../tsconfig.json'), script, folder],
    { stdio: ['ignore', 'pipe', 'inherit'], detached: true },
  );
  await once(child.stdout!, 'data'); // the first checkpoint is there
  await new Promise((resolve) => setTimeout(resolve, 130));
  process.kill(-child.pid!, 'SIGKILL');
  await once(child, 'close');
  const { openLatestCheckpoint } = await import('../src/index.js');
  const checkpoint = await openLatestCheckpoint(folder, 'killed');
  expect(checkpoint?.facts.step).toBeGreaterThan(0);
  const bytes = await checkpoint!.read('x', [1 << 18]);
  expect(new Float32Array(bytes.slice().buffer)[7]).toBe(checkpoint!.facts.step);
  await checkpoint!.close();
});

it('stops early when the validation loss no longer falls', async () => {
  const batches = evaluationBatches(source, { rows: 2, time: 8 }, 2);
  const { result } = await run({
    schedule: { ...schedule, peak: 1e-9 },
    evaluation: { batches, every: 1, patience: 2 },
  });
  expect(result.reason).toBe('no improvement');
  expect(result.step).toBeLessThan(12);
  await rm(folder, { recursive: true });
});
