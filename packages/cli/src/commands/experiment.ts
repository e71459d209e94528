import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadTokenizerFrom } from '@hybra/generate';
import { HybraError } from '@hybra/spec';
import {
  estimateGpuMinutes,
  exampleText,
  experiments,
  planOf,
  readTokens,
  runExperiment,
} from '@hybra/train';
import { folderDirectory } from '@hybra/weights';
import type { Command } from 'commander';
import { defaultModel } from '../default-model.js';
import { cliRegistry } from '../session/backends.js';
import { integer, number } from '../session/option-values.js';
import type { ExitCode, Terminal } from '../session/terminal.js';

/** Options of `hybra experiment`. */
export interface ExperimentCommandOptions {
  readonly full?: boolean;
  readonly out?: string;
  readonly device?: string;
  /** Text for the experiments on language. */
  readonly data?: string;
  readonly minutes?: number;
  readonly steps?: number;
  readonly learningRates?: readonly string[];
  readonly seeds?: number;
  readonly models?: readonly string[];
  readonly comparisons?: readonly string[];
}

/** Adds `hybra experiment` to the command line. */
export function addExperimentCommand(
  program: Command,
  action: (name: string, options: ExperimentCommandOptions) => Promise<void>,
): void {
  program
    .command('experiment')
    .description(`show findings on architectures at small scale: ${Object.keys(experiments).join(', ')}`)
    .argument('<name>', 'which experiment')
    .option('--quick', 'minutes on two cores (what runs without --full)')
    .option('--full', 'on a GPU; its estimate is printed first')
    .option(
      '--out <folder>',
      'for results, table and report; started again, it goes on (default: experiments/NAME-SIZE)',
    )
    .option('--device <name>', 'backend to run on, as hybra devices lists them')
    .option('--data <file>', 'text for language, ratio, placement and rope (default: Shakespeare)')
    .option('--minutes <number>', 'begin no further run after this time (default: 9 with --full)', number)
    .option('--steps <count>', 'instead of the number of steps per run', integer(1))
    .option('--learning-rates <number...>', 'instead of the sweep of the experiment')
    .option('--seeds <count>', 'instead of the number of seeds', integer(1))
    .option('--models <name...>', 'only these models')
    .option('--comparisons <name...>', 'only these comparisons, such as standard')
    .action((name: string, options: ExperimentCommandOptions) => action(name, options));
}

/** Runs an experiment, or goes on with one. */
export async function experimentCommand(
  terminal: Terminal,
  name: string,
  options: ExperimentCommandOptions,
): Promise<ExitCode> {
  const experiment = Object.hasOwn(experiments, name) ? experiments[name] : undefined;
  if (!experiment) {
    throw new HybraError(
      'E_ARGUMENT',
      `there is no experiment ${name}; there are ${Object.keys(experiments).join(', ')}.`,
      { name },
    );
  }
  const size = options.full ? 'full' : 'quick';
  const folder = options.out ?? join('experiments', `${name}-${size}`);
  const tokenizer = await loadTokenizerFrom(folderDirectory(fileURLToPath(defaultModel.folder)));
  const { tokens } = await readTokens(options.data ?? fileURLToPath(exampleText()), tokenizer);
  const chosen = {
    size,
    data: { tokens, vocabularySize: tokenizer.vocabularySize },
    ...(options.steps !== undefined && { steps: options.steps }),
    ...(options.learningRates && { learningRates: options.learningRates.map(number) }),
    ...(options.seeds !== undefined && { seeds: options.seeds }),
    ...(options.models && { models: options.models }),
    ...(options.comparisons && { comparisons: options.comparisons }),
  } as const;
  const plan = planOf(experiment, chosen);
  if (plan.comparisons.every(({ models }) => Object.keys(models).length === 0)) {
    throw new HybraError('E_ARGUMENT', `${name}: no model or comparison has one of these names.`, { name });
  }
  const device = await cliRegistry().open(options.device);
  terminal.note(experiment.question);
  for (const note of experiment.notes) terminal.note(`  ${note}`);
  if (size === 'full') {
    terminal.note(`about ${Math.ceil(estimateGpuMinutes(plan))} minutes of an H200`);
  }
  try {
    const minutes = options.minutes ?? (size === 'full' ? 9 : undefined);
    const { isComplete, table } = await runExperiment(experiment, {
      ...chosen,
      device,
      folder,
      ...(minutes !== undefined && { minutes }),
      signal: terminal.signal,
      onProgress: (done, total, last) => {
        if (!last) return;
        const inside = last.scores.filter((each) => each.isInside).at(-1);
        const score = inside ? `${inside[plan.metric].toFixed(3)} at ${inside.x}` : 'diverged';
        terminal.note(
          `${done}/${total} ${last.comparison} ${last.model} rate ${last.learningRate} seed ${last.seed}: ${plan.metric} ${score}, ${last.seconds} s`,
        );
      },
    });
    terminal.out(`${table}\n`);
    terminal.note(
      isComplete
        ? join(folder, 'report.html')
        : `not done yet: start it again to go on. So far: ${join(folder, 'report.html')}`,
    );
    return terminal.signal.aborted ? 130 : 0;
  } finally {
    tokens.close();
    await device.dispose();
  }
}
