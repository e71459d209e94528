import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@hybra/backend-cpu';
import { parameterCount } from '@hybra/models';
import type { Device } from '@hybra/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fourDesigns } from '../src/experiments/designs.js';
import { copying } from '../src/experiments/tasks/copying.js';
import { mqar } from '../src/experiments/tasks/mqar.js';
import { phonebook } from '../src/experiments/tasks/phonebook.js';
import {
  arrayTokens,
  type Batch,
  type Experiment,
  experiments,
  type Results,
  runExperiment,
  type Task,
} from '../src/index.js';

/** Rows of a batch as [tokens, targets]. */
function rowsOf({ rows, time, ids, targets }: Batch): [number[], number[]][] {
  return Array.from({ length: rows }, (_, row) => [
    Array.from(ids.subarray(row * time, (row + 1) * time)),
    Array.from(targets.subarray(row * time, (row + 1) * time)),
  ]);
}

function batchesOf(task: Task): Batch[] {
  return [task.batchAt(0), task.batchAt(1), ...task.evaluations.flatMap(({ batches }) => batches)];
}

const book = {
  digits: 2,
  names: 8,
  entries: 5,
  measured: [1, 5, 9],
  questions: 3,
  rows: 8,
  evaluationRows: 24,
};

describe('phonebook', () => {
  for (const isReversed of [false, true]) {
    it(`asks for numbers that stand in the book, ${isReversed ? 'reversed' : 'standard'}`, () => {
      const task = phonebook({ ...book, isReversed, seed: 1 });
      let asked = 0;
      for (const batch of batchesOf(task)) {
        for (const [ids, targets] of rowsOf(batch)) {
          // Entries are `first last : d d newline`; a question is `? first last :` and then the digits.
          for (const [place, id] of ids.entries()) {
            if (id !== 3) continue;
            const name = ids.slice(place + 1, place + 3);
            const entry = ids.findIndex(
              (_, at) => at > 3 && ids[at] === name[0] && ids[at + 1] === name[1] && ids[at + 2] === 1,
            );
            expect(targets.slice(place + 3, place + 5)).toEqual(ids.slice(entry + 3, entry + 5));
            asked++;
          }
          for (const [place, target] of targets.entries())
            if (target >= 0 && place + 1 < ids.length) expect(ids[place + 1]).toBe(target);
        }
      }
      expect(asked).toBeGreaterThan(3 * 24);
    });
  }

  it('keeps names and numbers that are measured from training', () => {
    const task = phonebook({ ...book, isReversed: false, seed: 1 });
    const seen = (batches: Batch[]): Set<string> =>
      new Set(
        batches.flatMap((batch) =>
          rowsOf(batch).flatMap(([ids]) =>
            ids.flatMap((id, place) =>
              id === 1 ? [`${ids[place - 2]},${ids[place - 1]}`, `#${ids[place + 1]}${ids[place + 2]}`] : [],
            ),
          ),
        ),
      );
    const trained = seen(Array.from({ length: 40 }, (_, index) => task.batchAt(index)));
    const measured = seen(task.evaluations.flatMap(({ batches }) => [...batches]));
    expect(trained.size).toBeGreaterThan(50);
    expect([...measured].filter((each) => trained.has(each))).toEqual([]);
    expect(task.evaluations.map(({ isInside }) => isInside)).toEqual([true, true, false]);
  });
});

it('mqar asks for keys of the row after all pairs, with their values, and nothing else', () => {
  const task = mqar({
    keys: 32,
    time: 32,
    pairs: [2, 4],
    measured: [4, 14],
    rows: 4,
    evaluationRows: 8,
    seed: 2,
  });
  for (const { x, batches } of task.evaluations) {
    for (const [ids, targets] of batches.flatMap(rowsOf)) {
      const pairs = new Map(Array.from({ length: x }, (_, pair) => [ids[2 * pair], ids[2 * pair + 1]]));
      const asked = targets.flatMap((target, place) => (target < 0 ? [] : [[ids[place], target, place]]));
      expect(pairs.size).toBe(x);
      expect(asked).toHaveLength(ids.length - 2 * x);
      expect(asked.length).toBeGreaterThanOrEqual(16);
      for (const [key, value, place] of asked) {
        expect(pairs.get(key!)).toBe(value);
        expect(place).toBeGreaterThanOrEqual(2 * x);
      }
    }
  }
});

it('copying tasks ask for what is there', () => {
  const sizes = { letters: 8, length: 12, items: 3, measured: [6, 20], rows: 4, evaluationRows: 8, seed: 3 };
  for (const kind of ['copying', 'selective-copying', 'induction'] as const) {
    for (const [ids, targets] of batchesOf(copying({ ...sizes, kind })).flatMap(rowsOf)) {
      const bar = kind === 'induction' ? ids.indexOf(1) : ids.lastIndexOf(1);
      const answers = targets.filter((target) => target >= 0);
      const expected = kind === 'induction' ? [ids[bar + 1]] : ids.slice(1, bar).filter((id) => id !== 2);
      expect(answers).toEqual(expected);
    }
  }
});

it('matches the parameters of designs that have an MLP, and states what the others have', () => {
  const models = fourDesigns({ vocabularySize: 64, hiddenSize: 64, layers: 4, stateSize: 16 });
  const count = (name: string): number => parameterCount(models[name]!);
  for (const name of ['transformer', 'hybrid'])
    expect(Math.abs(count(name) / count('mamba2') - 1)).toBeLessThan(0.01);
  expect(Math.abs(count('mamba') / count('mamba2') - 1)).toBeLessThan(0.2); // no MLP to widen
});

describe('an experiment', () => {
  let device: Device;
  beforeAll(async () => {
    device = await cpu().open();
  });
  afterAll(() => device.dispose());
  const data = { tokens: arrayTokens(Array.from({ length: 20_000 }, (_, i) => i % 50)), vocabularySize: 64 };

  it('can be planned at both sizes, each with four rates and three seeds', () => {
    for (const each of Object.values(experiments)) {
      for (const size of ['quick', 'full'] as const) {
        const { protocol, comparisons } = each.plan(size, data);
        expect(protocol.learningRates.length, each.name).toBeGreaterThanOrEqual(4);
        expect(protocol.seeds).toBeGreaterThanOrEqual(3);
        for (const { models } of comparisons) expect(Object.keys(models).length).toBeGreaterThanOrEqual(2);
      }
    }
  });

  it('saves after every run, stops when its time is up, and goes on without doing anything twice', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hybra-experiment-'));
    const tiny: Experiment = {
      name: 'tiny',
      question: 'Does it run?',
      notes: [],
      plan: () => ({
        metric: 'accuracy',
        protocol: { steps: 2, learningRates: [1e-3, 2e-3], seeds: 2 },
        comparisons: [
          {
            name: 'copying',
            task: (seed) =>
              copying({
                kind: 'copying',
                letters: 4,
                length: 4,
                items: 0,
                measured: [2, 6],
                rows: 2,
                evaluationRows: 2,
                seed,
              }),
            models: {
              mamba2: fourDesigns({ vocabularySize: 7, hiddenSize: 16, layers: 2, stateSize: 4 }).mamba2!,
            },
          },
        ],
        config: { hiddenSize: 16 },
      }),
    };
    const base = { size: 'quick', data, device, folder } as const;
    const none = await runExperiment(tiny, { ...base, minutes: -1 });
    expect(none).toMatchObject({ isComplete: false, cells: [] });
    const controller = new AbortController();
    const onProgress = (done: number): void => void (done === 2 && controller.abort());
    const part = await runExperiment(tiny, { ...base, signal: controller.signal, onProgress });
    expect(part).toMatchObject({ isComplete: false });
    expect(part.cells).toHaveLength(2);
    const whole = await runExperiment(tiny, base);
    expect(whole.isComplete).toBe(true);
    expect(whole.cells.slice(0, 2)).toEqual(part.cells);
    expect(whole.cells.map(({ learningRate, seed }) => [learningRate, seed]).slice(0, 2)).toEqual([
      [1e-3, 1],
      [2e-3, 1],
    ]);
    expect(whole.cells[2]!.seed).toBe(2);
    const written = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as Results;
    expect(written.cells).toEqual(whole.cells);
    expect(whole.table).toContain('6 (beyond)');
    await expect(runExperiment(tiny, { ...base, steps: 3 })).rejects.toMatchObject({ code: 'E_CONFIG' });
  });
});
