import { type HybridConfig, parameterCount } from '@hybra/models';
import { type Device, HybraError } from '@hybra/spec';
import { schedule } from '../optimizer/schedule.js';
import { createTrainer } from '../trainer/trainer.js';
import { measure } from './measure.js';
import { narrowWeights } from './narrow-weights.js';
import type { Comparison, Protocol } from './plan.js';
import type { CellResult } from './results.js';
import { stateSize } from './state-size.js';

/** Mean training loss below which a task counts as learnt. */
const learnt = 0.01;
const curvePoints = 60;

/** One model, to be trained once. */
export interface Cell {
  readonly comparison: Comparison;
  readonly model: string;
  readonly config: HybridConfig;
  readonly learningRate: number;
  readonly seed: number;
}

/** Whether a result is that of a cell. */
export function isSame(result: CellResult, { comparison, model, learningRate, seed }: Cell): boolean {
  return (
    result.comparison === comparison.name &&
    result.model === model &&
    result.learningRate === learningRate &&
    result.seed === seed
  );
}

/** Trains and measures once; undefined when interrupted. */
export async function runCell(
  cell: Cell,
  protocol: Pick<Protocol, 'steps'>,
  { device, signal }: { readonly device: Device; readonly signal?: AbortSignal | undefined },
): Promise<CellResult | undefined> {
  const { config, learningRate, seed } = cell;
  const started = performance.now();
  const task = cell.comparison.task(seed);
  const first = task.batchAt(0);
  const trainer = await createTrainer({
    device,
    config,
    weights: narrowWeights(config, seed),
    batch: first.rows,
    time: first.time,
    seed,
  });
  // Recall is learnt suddenly and late: the rate stays at its peak until then, and falls in the last fifth.
  const rateOf = schedule({ kind: 'wsd', peak: learningRate, steps: protocol.steps });
  const curve: [number, number][] = [];
  const every = Math.max(1, Math.floor(protocol.steps / curvePoints));
  let recent: number[] = [];
  let diverged: string | undefined;
  try {
    for (let step = 1; step <= protocol.steps; step++) {
      if (signal?.aborted) return undefined;
      const { loss } = await trainer.takeStep(task.batchAt(step - 1), rateOf(step));
      recent.push(loss);
      if (step % every !== 0 && step !== protocol.steps) continue;
      const mean = recent.reduce((sum, value) => sum + value, 0) / recent.length;
      curve.push([step, mean]);
      const isLearnt = recent.length >= every && mean < learnt && step > protocol.steps / 4;
      recent = [];
      if (isLearnt) break;
    }
    const scores = await measure(trainer, task);
    return { ...resultOf(cell, started), steps: trainer.step, curve, scores };
  } catch (error) {
    if (!HybraError.isInstance(error) || error.code !== 'E_ARGUMENT') throw error;
    diverged = error.message;
    return { ...resultOf(cell, started), steps: trainer.step, curve, scores: [], diverged };
  } finally {
    trainer.dispose();
  }
}

function resultOf({ comparison, model, config, learningRate, seed }: Cell, started: number) {
  return {
    comparison: comparison.name,
    model,
    learningRate,
    seed,
    parameters: parameterCount(config),
    state: stateSize(config),
    seconds: Math.round((performance.now() - started) / 100) / 10,
  };
}
