import { HybraError } from '@hybra/spec';
import {
  openLatestCheckpoint,
  removeLeftovers,
  saveCheckpoint,
  trainingFingerprint,
} from '../checkpoint/checkpoint.js';
import type { Batch, BatchSource } from '../data/batch.js';
import { joinBatches } from '../data/join-batches.js';
import { type ScheduleOptions, schedule } from '../optimizer/schedule.js';
import type { Trainer } from './trainer.js';

/** A step as it is logged. */
export interface StepEvent {
  readonly kind: 'step';
  readonly step: number;
  readonly loss: number;
  readonly norm: number;
  readonly learningRate: number;
  /** Tokens seen since the beginning. */
  readonly tokens: number;
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
  /** On the device. */
  readonly memoryBytes: number;
}

/** What a training tells while it runs. */
export type TrainingEvent =
  | StepEvent
  | { readonly kind: 'resumed'; readonly step: number }
  | { readonly kind: 'evaluated'; readonly step: number; readonly loss: number; readonly isBest: boolean }
  | { readonly kind: 'saved'; readonly step: number; readonly path: string }
  | { readonly kind: 'warning'; readonly message: string }
  | {
      readonly kind: 'stopped';
      readonly step: number;
      readonly reason: 'finished' | 'no improvement' | 'interrupted';
    };

/** How to train. */
export interface TrainOptions {
  readonly data: BatchSource;
  readonly schedule: ScheduleOptions;
  /** Folder of checkpoints; nothing is saved without one. */
  readonly folder?: string;
  /** Continue from the newest whole checkpoint in the folder, if there is one. Default is `false`. */
  readonly resume?: boolean;
  /** Steps between checkpoints. Default is 100. */
  readonly saveEvery?: number;
  readonly evaluation?: {
    readonly batches: readonly Batch[];
    /** Steps between evaluations. */
    readonly every: number;
    /** Evaluations without improvement after which to stop. Default is never. */
    readonly patience?: number;
  };
  /** Asks for a clean end: the step under way is finished and a checkpoint is written. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: TrainingEvent) => void | Promise<void>;
}

/** How a training ended. */
export interface TrainingResult {
  readonly step: number;
  readonly reason: 'finished' | 'no improvement' | 'interrupted';
  /** Mean loss of the last evaluation. */
  readonly validationLoss?: number;
  readonly best?: { readonly loss: number; readonly step: number };
}

/** Nats per token of a uniform guess, times this, is taken for a training that fell apart. */
const divergedFactor = 3;

/**
 * Trains until the schedule ends. A resumed training gives the losses, bit for bit, that it would have given
 * without the interruption, on devices whose kernels are deterministic (the CPU backends): the data of a step and
 * its random numbers depend on seed and step alone.
 * @throws E_ARGUMENT when the training diverges; E_CONFIG when the folder holds another training's checkpoints;
 * E_IO when a checkpoint cannot be written (the one before stays)
 */
export async function train(trainer: Trainer, options: TrainOptions): Promise<TrainingResult> {
  const { data, folder, signal, evaluation, saveEvery = 100 } = options;
  const { steps } = options.schedule;
  const rateOf = schedule(options.schedule);
  const emit = async (event: TrainingEvent): Promise<void> => options.onEvent?.(event);
  const training = fingerprintOf(trainer, options);
  const { settings } = trainer;
  const tokensPerStep = settings.batch * settings.time * settings.accumulation;
  const guess = Math.log(settings.config.vocabularySize);
  let best: TrainingResult['best'];
  let validationLoss: number | undefined;

  if (folder !== undefined) {
    await removeLeftovers(folder);
    const warnings: string[] = [];
    const checkpoint = await openLatestCheckpoint(folder, training, (message) => warnings.push(message));
    for (const message of warnings) await emit({ kind: 'warning', message });
    if (checkpoint && !options.resume) {
      await checkpoint.close();
      throw new HybraError(
        'E_CONFIG',
        `${folder}: holds a training at step ${checkpoint.facts.step}. Continue it with --resume, or give another --out.`,
        { folder, step: checkpoint.facts.step },
      );
    }
    if (checkpoint) {
      try {
        await trainer.restore(checkpoint.facts.step, (name, shape) => checkpoint.read(name, shape));
        best = checkpoint.facts.best;
      } finally {
        await checkpoint.close();
      }
      await emit({ kind: 'resumed', step: trainer.step });
    }
  }
  let saved = trainer.step;
  const save = async (): Promise<void> => {
    if (folder === undefined || saved === trainer.step) return;
    const facts = {
      step: trainer.step,
      training,
      tokens: trainer.step * tokensPerStep,
      ...(best && { best }),
    };
    const path = await saveCheckpoint(folder, trainer.snapshot(), facts);
    saved = trainer.step;
    await emit({ kind: 'saved', step: saved, path });
  };
  const end = async (reason: TrainingResult['reason']): Promise<TrainingResult> => {
    await save();
    await emit({ kind: 'stopped', step: trainer.step, reason });
    return {
      step: trainer.step,
      reason,
      ...(validationLoss !== undefined && { validationLoss }),
      ...(best && { best }),
    };
  };

  const pace = new Pace();
  while (trainer.step < steps) {
    if (signal?.aborted) return end('interrupted');
    const index = trainer.step;
    const batches = Array.from({ length: settings.accumulation }, (_, pass) =>
      data.at(index * settings.accumulation + pass),
    );
    const learningRate = rateOf(index + 1);
    const { step, loss, norm } = await trainer.takeStep(joinBatches(batches), learningRate);
    if (loss > divergedFactor * guess && step > 10) {
      throw new HybraError(
        'E_ARGUMENT',
        `training: stopped at step ${step}: the loss is ${loss.toFixed(2)}, a uniform guess has ${guess.toFixed(2)}. Resume from the last checkpoint with a learning rate below ${learningRate.toPrecision(2)} or a longer warm-up.`,
        { step, loss, learningRate },
      );
    }
    const seconds = pace.step();
    await emit({
      kind: 'step',
      step,
      loss,
      norm,
      learningRate,
      tokens: step * tokensPerStep,
      tokensPerSecond: tokensPerStep / seconds,
      secondsLeft: (steps - step) * seconds,
      memoryBytes: settings.device.memoryBytes(),
    });
    if (evaluation && (step % evaluation.every === 0 || step === steps)) {
      validationLoss = await trainer.meanLoss(evaluation.batches);
      const isBest = best === undefined || validationLoss < best.loss;
      if (isBest) best = { loss: validationLoss, step };
      await emit({ kind: 'evaluated', step, loss: validationLoss, isBest });
      const since = (step - best!.step) / evaluation.every;
      if (evaluation.patience !== undefined && since >= evaluation.patience) return end('no improvement');
      pace.pause();
    }
    if (step % saveEvery === 0) {
      await save();
      pace.pause();
    }
  }
  return end('finished');
}

function fingerprintOf({ settings }: Trainer, { data, schedule: rates }: TrainOptions): string {
  const {
    config,
    batch,
    time,
    accumulation,
    parameterization,
    adamW,
    muon,
    clip,
    dtype,
    dropout,
    packed,
    seed,
  } = settings;
  const mode = parameterization.mode;
  return trainingFingerprint({
    config,
    batch,
    time,
    accumulation,
    mode,
    adamW,
    ...(muon && { muon }),
    clip,
    dtype,
    dropout,
    ...(packed && { packed }),
    seed,
    rates,
    data: data.fingerprint,
  });
}

/** Seconds per step, smoothed, without what is not a step. */
class Pace {
  #last = performance.now();
  #seconds: number | undefined;

  step(): number {
    const now = performance.now();
    const seconds = (now - this.#last) / 1000;
    this.#last = now;
    this.#seconds = this.#seconds === undefined ? seconds : 0.9 * this.#seconds + 0.1 * seconds;
    return this.#seconds;
  }

  pause(): void {
    this.#last = performance.now();
  }
}
