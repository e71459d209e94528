/** `pnpm bench:headline`: the paper's hybrid beside its Transformer; see the README of this folder's package. */
import { cpu } from '@hybra/backend-cpu';
import { cuda } from '@hybra/backend-cuda';
import type { Backend } from '@hybra/spec';
import { Command, Option } from 'commander';
import { type HeadlineName, type HeadlineSize, headlineNames, headlineSizes } from './headline-models.js';
import { openResults, saveResults } from './headline-results.js';
import { measureHeadline } from './measure-headline.js';

interface Options {
  readonly device: 'cuda' | 'cpu';
  readonly size: HeadlineSize;
  readonly out: string;
  readonly models: readonly HeadlineName[];
  readonly contexts: readonly number[];
  readonly batches: readonly number[];
  readonly prefill: readonly number[];
  readonly steps: number;
  readonly seconds: number;
  readonly states: 'f32' | 'bf16';
  readonly products: 'float32' | 'bfloat16';
  readonly persistent: boolean;
}

const list = (text: string): string[] => text.split(',').filter((part) => part !== '');
const numbers = (text: string): number[] => list(text).map(Number);

function backendOf({ device, products, persistent }: Options): Backend {
  return device === 'cuda' ? cuda({ products, persistent }) : cpu();
}

async function run(options: Options): Promise<void> {
  const unknown = options.models.find((name) => !headlineNames.includes(name));
  if (unknown !== undefined)
    throw new Error(`no model is named ${unknown}; there are ${headlineNames.join(', ')}`);
  const started = performance.now();
  const backend = backendOf(options);
  const probe = await backend.probe();
  if (!probe.available) throw new Error(`${options.device}: ${probe.reason}. ${probe.remedy ?? ''}`);
  const memoryBytes = probe.devices[0]?.memoryBytes ?? Number.POSITIVE_INFINITY;
  let isComplete = true;
  for (const name of options.models) {
    // A device for each: what the last one took goes back to the driver.
    const device = await backend.open();
    try {
      const setting = `${options.size}, bfloat16 weights, ${options.states} states, keys and values, ${options.products} products${options.persistent ? '' : ', launch by launch'}`;
      const results = openResults(options.out, device.name, setting);
      const isDone = await measureHeadline(device, results, {
        ...options,
        name,
        memoryBytes,
        stateDtype: options.states,
        deadline: started + 1000 * options.seconds,
        note: (line) =>
          process.stderr.write(`${((performance.now() - started) / 1000).toFixed(1)} s ${line}\n`),
        save: () => saveResults(options.out, results),
      });
      isComplete &&= isDone;
    } finally {
      await device.dispose();
    }
  }
  if (!isComplete) {
    process.stderr.write('the time is up: the same command goes on\n');
    process.exitCode = 3;
  }
}

await new Command('bench:headline')
  .description(
    "Decode and prefill of the 8B Mamba-2-Hybrid beside the paper's 8B Transformer, random weights.",
  )
  .addOption(new Option('--device <name>', 'backend').choices(['cuda', 'cpu']).default('cuda'))
  .addOption(
    new Option('--size <name>', "the paper's, or one for tests").choices([...headlineSizes]).default('8b'),
  )
  .requiredOption('--out <file>', 'results as JSON; what it has is not measured again')
  .addOption(new Option('--models <list>', 'which').default([...headlineNames]).argParser(list))
  .addOption(
    new Option('--contexts <list>', 'tokens, powers of two')
      .default([2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072])
      .argParser(numbers),
  )
  .addOption(new Option('--batches <list>', 'sequences').default([1, 4, 16, 64]).argParser(numbers))
  .addOption(
    new Option('--prefill <list>', 'lengths of prompts').default([2048, 8192, 32_768]).argParser(numbers),
  )
  .option('--steps <count>', 'timed steps of a cell', Number, 8)
  .option('--seconds <count>', 'after which nothing new is started', Number, Number.POSITIVE_INFINITY)
  .addOption(
    new Option('--states <dtype>', 'storage of states, keys and values')
      .choices(['f32', 'bf16'])
      .default('bf16'),
  )
  .addOption(
    new Option('--products <arithmetic>', 'of activations, on CUDA')
      .choices(['float32', 'bfloat16'])
      .default('bfloat16'),
  )
  .option('--no-persistent', 'on CUDA, launches instead of one kernel that stays')
  .action(run)
  .parseAsync();
