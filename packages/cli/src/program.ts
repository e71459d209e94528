import { HybraError } from '@hybra/spec';
import { quantSchemes } from '@hybra/weights';
import { Command, Option } from 'commander';
import { chat } from './commands/chat.js';
import { convert } from './commands/convert.js';
import { devices } from './commands/devices.js';
import { download } from './commands/download.js';
import { addExperimentCommand, experimentCommand } from './commands/experiment.js';
import { generate } from './commands/generate.js';
import { inspect } from './commands/inspect.js';
import { perplexity } from './commands/perplexity.js';
import { quantize } from './commands/quantize/quantize.js';
import { addTrainCommand } from './commands/train/add-train-command.js';
import { trainCommand } from './commands/train/train-command.js';
import { verify } from './commands/verify/verify.js';
import { defaultModel } from './default-model.js';
import { integer, number } from './session/option-values.js';
import type { ExitCode, Terminal } from './session/terminal.js';
import { version } from './version.js';

/**
 * The command line: parses, runs one command, and turns whatever goes wrong into a message and an exit code.
 * @param args without node and script
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const run = async (result: Promise<ExitCode>): Promise<void> => {
    exitCode = await result;
  };
  const program = new Command('hybra')
    .description('Run state-space and hybrid language models.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: (text) => terminal.note(text.trimEnd()) })
    .showHelpAfterError('(hybra help shows the commands)');

  withSampling(
    withModel(
      program
        .command('generate', { isDefault: true })
        .description('continue a prompt; what runs without a command'),
    ),
  )
    .option('--prompt <text>', `text to continue (default: "${defaultModel.prompt}")`)
    .option('--max-tokens <count>', 'most tokens to write', integer(1), 200)
    .option('--stop <text>', 'end before this text; may be given several times', collect, [])
    .option('--echo', 'write the prompt before its continuation')
    .option('--json', 'write one JSON object with text, tokens and figures instead of the text')
    .action((options) => run(generate(terminal, options)));

  withSampling(withModel(program.command('chat').description('talk with a model, a line a turn')))
    .option('--system <text>', 'system message')
    .option('--max-tokens <count>', 'most tokens per answer', integer(1), 512)
    .action((options) => run(chat(terminal, options)));

  withModel(program.command('verify').description('compare a checkpoint with its golden file'), {
    model: false,
  })
    .argument('<folder>', 'folder with config.json, weights and golden.safetensors')
    .option('--tolerance <number>', 'largest absolute error allowed in the logits', number, 2e-3)
    .option('--dump <file>', 'write logits, greedy ids and final states as safetensors')
    .option('--json', 'write the figures as JSON')
    .action((folder, options) => run(verify(terminal, folder, options)));

  withModel(program.command('perplexity').description('loss of a text under a model'))
    .argument('<file>', 'a UTF-8 text file')
    .option('--window <tokens>', 'tokens per window, each from the initial state', integer(1), 256)
    .option('--from <fraction>', 'leave out this part of the characters at the beginning', number, 0)
    .option('--max-windows <count>', 'only the first windows', integer(1))
    .option('--batch <count>', 'windows at a time', integer(1), 4)
    .option('--json', 'write the figures as JSON')
    .action((file, options) => run(perplexity(terminal, file, options)));

  program
    .command('quantize')
    .description('write a checkpoint with its matrices in blocks of 8 or 4 bits')
    .argument('<input>', 'folder with config.json and weights, or owner/name[@revision] on the hub')
    .argument('<output>', 'folder to make')
    .addOption(
      new Option('--type <type>', 'how matrices are stored; embedding and head are q8 in any case')
        .choices(Object.keys(quantSchemes))
        .default('q8'),
    )
    .option('--text <file>', 'compare the loss of this text before and after')
    .option('--window <tokens>', 'tokens per window of the text', integer(1), 256)
    .option('--max-windows <count>', 'only the first windows', integer(1))
    .option('--batch <count>', 'windows at a time', integer(1), 4)
    .option('--device <name>', 'backend for --text, as hybra devices lists them')
    .option('--json', 'write the figures as JSON')
    .action((input, output, options) => run(quantize(terminal, input, output, options)));

  program
    .command('convert')
    .description('write a checkpoint in another format')
    .argument('<input>', 'folder with config.json and weights, or owner/name[@revision] on the hub')
    .argument(
      '<output>',
      'file ending in .gguf, or folder to make in the layout of transformers, mamba_ssm or Megatron-LM',
    )
    .addOption(
      new Option('--to <format>', "format of the output, if not its name's").choices([
        'hf',
        'gguf',
        'mamba_ssm',
        'megatron',
      ]),
    )
    .addOption(
      new Option('--type <type>', 'how matrices are stored in GGUF (default: f16)').choices([
        'f32',
        'f16',
        'q8_0',
        'q4_0',
      ]),
    )
    .addOption(
      new Option('--dtype <type>', 'of the tensors in a folder (default: as they are)').choices([
        'f32',
        'f16',
        'bf16',
      ]),
    )
    .option('--json', 'write the figures as JSON')
    .action((input, output, options) => run(convert(terminal, input, output, options)));

  program
    .command('inspect')
    .description('describe a checkpoint without reading its weights')
    .argument(
      '[folder]',
      'folder, GGUF file, or owner/name[@revision] on the hub (default: the bundled model)',
    )
    .option('--tensors', 'list every tensor')
    .option('--json', 'write JSON')
    .action((folder, options) => run(inspect(terminal, folder, options)));

  program
    .command('download')
    .description('bring a model of the hub into the cache, and print where it is')
    .argument('<model>', 'owner/name, owner/name@revision or owner/name/file.gguf')
    .option('--json', 'write JSON')
    .action((model, options) => run(download(terminal, model, options)));

  program
    .command('devices')
    .description('list the hardware that can run models here')
    .option('--json', 'write JSON')
    .action((options) => run(devices(terminal, options)));

  addTrainCommand(program, (options) => run(trainCommand(terminal, options)));
  addExperimentCommand(program, (name, options) => run(experimentCommand(terminal, name, options)));

  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    return explainFailure(terminal, error);
  }
}

function explainFailure(terminal: Terminal, error: unknown): ExitCode {
  if (typeof error === 'object' && error !== null && 'exitCode' in error && 'code' in error) {
    // commander has printed its help or its complaint already.
    return error.exitCode === 0 ? 0 : 2;
  }
  if (HybraError.isInstance(error)) {
    if (error.code === 'E_ABORTED' && terminal.signal.aborted) return 130;
    terminal.note(`${terminal.colours.red('error')} ${error.code}: ${error.message}`);
    return 2;
  }
  terminal.note(
    `${terminal.colours.red('error')} this is a defect in hybra, please report it: ${error instanceof Error ? error.stack : error}`,
  );
  return 2;
}

function withModel(command: Command, options: { readonly model?: boolean } = {}): Command {
  if (options.model !== false)
    command.option(
      '--model <path>',
      'folder, GGUF file, or owner/name[@revision] on the hub (default: the bundled model)',
    );
  const dtypes = ['f32', 'f16', 'bf16'];
  return command
    .option('--device <name>', 'backend to run on, as hybra devices lists them')
    .addOption(new Option('--dtype <type>', 'how matrices are stored').choices(dtypes).default('f32'))
    .addOption(new Option('--state-dtype <type>', 'how states are stored').choices(dtypes).default('f32'))
    .option('--context-length <tokens>', "overrides the model's context length", integer(1));
}

function withSampling(command: Command): Command {
  return command
    .option('--temperature <number>', '0 takes the most probable token (default: 1)', number)
    .option('--top-k <count>', 'keep the k most probable tokens (default: all)', integer(0))
    .option('--top-p <fraction>', 'keep the smallest set with this probability (default: 1)', number)
    .option(
      '--min-p <fraction>',
      'keep tokens at least this fraction as probable as the best (default: 0)',
      number,
    )
    .option('--repetition-penalty <factor>', 'above 1 makes tokens seen less probable (default: 1)', number)
    .option('--presence-penalty <number>', 'subtracted from logits of tokens seen (default: 0)', number)
    .option('--frequency-penalty <number>', 'subtracted for each time a token was seen (default: 0)', number)
    .option('--seed <number>', 'the same seed gives the same text (default: 0)', integer(0));
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}
