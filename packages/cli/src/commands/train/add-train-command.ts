import { fileURLToPath } from 'node:url';
import { presetNames } from '@hybra/models';
import { exampleText } from '@hybra/train';
import { type Command, Option } from 'commander';
import { integer, number } from '../../session/option-values.js';
import type { TrainCommandOptions } from './train-options.js';

/** Adds `hybra train` to the command line. */
export function addTrainCommand(
  program: Command,
  action: (options: TrainCommandOptions) => Promise<void>,
): void {
  const choice = (flags: string, text: string, values: readonly string[]): Option =>
    new Option(flags, text).choices([...values]);
  program
    .command('train')
    .description('train a model on a file, from scratch or from a checkpoint')
    .option(
      '--data <file>',
      'text, .jsonl with a "text" per line, or tokens as .u16 or .u32 (default: Shakespeare)',
      fileURLToPath(exampleText()),
    )
    .requiredOption('--out <folder>', 'for checkpoints, log, report and the trained model')
    .addOption(
      choice(
        '--preset <name>',
        "start from fresh weights (default: the bundled model's architecture)",
        presetNames,
      ),
    )
    .option('--model <name>', 'start from this checkpoint: a folder, or owner/name[@revision] on the hub')
    .option(
      '--tokenizer <folder>',
      "folder of a tokenizer, or bytes (default: the model's, else the bundled one)",
    )
    .option('--device <name>', 'backend to run on, as hybra devices lists them')
    .option('--steps <count>', 'how many steps', integer(1), 1000)
    .option('--batch <rows>', 'rows per forward pass', integer(1), 8)
    .option('--length <tokens>', 'tokens per row', integer(1), 256)
    .option('--pack', 'several documents of a .jsonl in one row, none of which sees another')
    .option('--accumulation <count>', 'forward passes per step', integer(1), 1)
    .option('--learning-rate <number>', 'at its peak', number, 2e-3)
    .addOption(
      choice('--schedule <kind>', 'how it falls', ['cosine', 'linear', 'wsd', 'constant']).default('cosine'),
    )
    .option('--warmup <steps>', 'steps of rising learning rate (default: a tenth, 100 at most)', integer(0))
    .option('--weight-decay <number>', 'of matrices', number, 0.1)
    .addOption(
      choice('--optimizer <name>', 'muon: of matrices within layers', ['adamw', 'muon']).default('adamw'),
    )
    .option('--clip <norm>', 'largest norm of the gradient', number, 1)
    .option('--dropout <fraction>', 'share of activations dropped', number, 0)
    .option('--seed <number>', 'of weights, order and dropout', integer(0), 1)
    .addOption(choice('--dtype <type>', 'matrices within a step', ['f32', 'f16', 'bf16']).default('f32'))
    .addOption(
      choice(
        '--products <type>',
        'what matrix products multiply: bfloat16 rounds both operands, sums stay float32 (native, cuda: faster)',
        ['float32', 'bfloat16'],
      ).default('float32'),
    )
    .option('--recompute', 'compute layers again in the backward pass: less memory, more time')
    .option('--lora <rank>', 'train low-rank changes only', integer(1))
    .option('--lora-alpha <number>', 'their scale (default: twice the rank)', number)
    .option(
      '--lora-targets <name...>',
      'projections that get them (default: inProjection outProjection query value)',
      (name: string, before: readonly string[]) => [...before, name],
      [],
    )
    .option('--tune-state', 'train only the state that sequences start from')
    .option('--validation <fraction>', 'of the tokens, at the end, kept for validation', number, 0.1)
    .option('--validate-every <steps>', 'steps between validations', integer(1), 100)
    .option('--validate-windows <count>', 'windows of --length per validation', integer(1), 64)
    .option('--patience <count>', 'stop after so many validations without improvement', integer(1))
    .option('--save-every <steps>', 'steps between checkpoints', integer(1), 100)
    .option('--tensorboard <folder>', 'event files of TensorBoard beside the log')
    .option('--resume', 'continue the training in --out')
    .action((options: TrainCommandOptions) => action(options));
}
