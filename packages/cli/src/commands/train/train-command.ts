import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parameterCount, patternOf } from '@hybra/models';
import { type Device, HybraError } from '@hybra/spec';
import { formatBytes } from '@hybra/tensor';
import {
  type BatchSource,
  createTrainer,
  documentBatches,
  evaluationBatches,
  exportModel,
  htmlReport,
  openTensorBoardLog,
  openTrainingLog,
  packedBatches,
  plotsOfLog,
  readTokens,
  streamBatches,
  type TokenizedText,
  type Trainer,
  type TrainingMode,
  type TrainingResult,
  train,
} from '@hybra/train';
import { bfloat16Registry, cliRegistry } from '../../session/backends.js';
import type { ExitCode, Terminal } from '../../session/terminal.js';
import { type StartingPoint, startingPoint } from './starting-point.js';
import type { TrainCommandOptions } from './train-options.js';
import { trainingView } from './training-view.js';

/** Trains a model on a file and leaves `checkpoints/`, `log.jsonl`, `report.html` and `model/` in the folder. */
export async function trainCommand(terminal: Terminal, options: TrainCommandOptions): Promise<ExitCode> {
  if (!(options.validation >= 0 && options.validation < 1)) {
    throw new HybraError('E_ARGUMENT', `--validation is ${options.validation}, expected from 0 to below 1.`);
  }
  const registry = options.products === 'bfloat16' ? bfloat16Registry(options.device) : cliRegistry();
  const start = await startingPoint(terminal, options);
  const text = await readTokens(options.data, start.tokenizer);
  const device = await registry.open(options.device);
  try {
    const { length } = text.tokens;
    const trainTokens = Math.floor(length * (1 - options.validation));
    terminal.note(
      `${parameterCount(start.config).toLocaleString('en')} parameters, layers ${patternOf(start.config)} | ${trainTokens.toLocaleString('en')} tokens to train on, ${(length - trainTokens).toLocaleString('en')} to validate | ${device.name}`,
    );
    const trainer = await trainerFor(options, start, device, terminal.signal);
    const { bytes, minimumBytes, variableBytes } = trainer.memory;
    terminal.note(
      `memory ${formatBytes(bytes)}: ${formatBytes(variableBytes)} of variables and moments, ${formatBytes(bytes - variableBytes)} for a step, which needs ${formatBytes(minimumBytes - variableBytes)} at least`,
    );
    try {
      const result = await runTraining(terminal, { options, start, text, trainer, trainTokens });
      await exportModel(join(options.out, 'model'), start.config, await trainer.weights(), {
        configJson: start.configJson,
        copy: start.tokenizerFiles,
      });
      await writeReport(options, start, device, result);
      const loss =
        result.validationLoss === undefined ? '' : `validation loss ${result.validationLoss.toFixed(4)} | `;
      terminal.out(`${loss}${join(options.out, 'model')} | ${join(options.out, 'report.html')}\n`);
      return result.reason === 'interrupted' ? 130 : 0;
    } finally {
      trainer.dispose();
    }
  } finally {
    text.tokens.close();
    await device.dispose();
  }
}

function trainerFor(
  options: TrainCommandOptions,
  { config, weights }: StartingPoint,
  device: Device,
  signal: AbortSignal,
): Promise<Trainer> {
  return createTrainer({
    device,
    config,
    weights,
    mode: modeOf(options),
    batch: options.batch,
    time: options.length,
    accumulation: options.accumulation,
    adamW: { weightDecay: options.weightDecay },
    ...(options.optimizer === 'muon' && { muon: {} }),
    clip: options.clip,
    dtype: options.dtype,
    recompute: options.recompute ?? false,
    dropout: options.dropout,
    packed: options.pack ?? false,
    seed: options.seed,
    signal,
  });
}

function modeOf({ lora, loraAlpha, loraTargets, tuneState }: TrainCommandOptions): TrainingMode {
  if (tuneState && lora !== undefined)
    throw new HybraError('E_ARGUMENT', '--lora and --tune-state are both given.');
  if (tuneState) return { kind: 'state' };
  if (lora === undefined) return { kind: 'full' };
  const targets = loraTargets.length > 0 ? loraTargets : ['inProjection', 'outProjection', 'query', 'value'];
  return { kind: 'lora', rank: lora, alpha: loraAlpha ?? 2 * lora, targets };
}

interface Run {
  readonly options: TrainCommandOptions;
  readonly start: StartingPoint;
  readonly text: TokenizedText;
  readonly trainer: Trainer;
  readonly trainTokens: number;
}

async function runTraining(
  terminal: Terminal,
  { options, text, trainer, trainTokens }: Run,
): Promise<TrainingResult> {
  const logs = [await openTrainingLog(join(options.out, 'log.jsonl'))];
  if (options.tensorboard !== undefined) logs.push(await openTensorBoardLog(options.tensorboard));
  const view = trainingView(terminal, options.steps);
  const sizes = { rows: options.batch, time: options.length };
  const range = [trainTokens, text.tokens.length] as const;
  const batches = evaluationBatches(
    text.tokens,
    { ...sizes, range },
    Math.ceil(options.validateWindows / options.batch),
  );
  try {
    return await train(trainer, {
      data: dataOf(options, text, trainTokens),
      schedule: {
        kind: options.schedule,
        peak: options.learningRate,
        steps: options.steps,
        ...(options.warmup !== undefined && { warmup: options.warmup }),
      },
      folder: join(options.out, 'checkpoints'),
      resume: options.resume ?? false,
      saveEvery: options.saveEvery,
      ...(batches.length > 0 && {
        evaluation: {
          batches,
          every: options.validateEvery,
          ...(options.patience !== undefined && { patience: options.patience }),
        },
      }),
      signal: terminal.signal,
      onEvent: async (event) => {
        view.show(event);
        for (const log of logs) await log.write(event);
      },
    });
  } finally {
    view.end();
  }
}

function dataOf(
  options: TrainCommandOptions,
  { tokens, documentEnds }: TokenizedText,
  end: number,
): BatchSource {
  const sizes = { rows: options.batch, time: options.length, seed: options.seed };
  if (documentEnds) {
    const ends = documentEnds.filter((each) => each <= end);
    return (options.pack ? packedBatches : documentBatches)(tokens, ends, sizes);
  }
  if (options.pack) {
    throw new HybraError('E_ARGUMENT', `--pack: ${options.data} is one text. Documents come from .jsonl.`);
  }
  return streamBatches(tokens, { ...sizes, range: [0, end] });
}

async function writeReport(
  options: TrainCommandOptions,
  { config }: StartingPoint,
  device: Device,
  result: TrainingResult,
): Promise<void> {
  const page = await htmlReport({
    title: `Training of ${options.preset ?? options.model ?? config.family}`,
    facts: [
      ['parameters', parameterCount(config).toLocaleString('en')],
      ['layers', patternOf(config)],
      ['steps', `${result.step} of ${options.steps} (${result.reason})`],
      ['tokens per step', `${options.accumulation * options.batch * options.length}`],
      ['learning rate', `${options.learningRate}, ${options.schedule}`],
      ['validation loss', result.validationLoss?.toFixed(4) ?? 'not measured'],
      ['best', result.best ? `${result.best.loss.toFixed(4)} at step ${result.best.step}` : 'not measured'],
      ['device', device.name],
      ['products', options.products],
      ['seed', `${options.seed}`],
    ],
    plots: await plotsOfLog(join(options.out, 'log.jsonl')),
  });
  await writeFile(join(options.out, 'report.html'), page);
}
