/** `pnpm bench`: measures the CPU backends; see the README beside. */
import { writeFile } from 'node:fs/promises';
import { native } from '@hybra/backend-native';
import { Command, Option } from 'commander';
import { benchModels, benchTasks } from './cases.js';
import { markdownTable } from './markdown.js';
import { measureModel, type Result } from './measure.js';
import { peerOf } from './peer.js';
import { type WeightType, weightTypes } from './weight-type.js';

interface Options {
  readonly dtype: readonly WeightType[];
  readonly threads: readonly number[];
  readonly task: readonly string[];
  readonly repeats: number;
  readonly json?: string;
  readonly peer?: readonly string[];
  readonly peerModels?: string;
}

function list(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

async function run(names: readonly string[], options: Options): Promise<void> {
  const unknown = names.find((name) => !benchModels.some((model) => model.name === name));
  if (unknown !== undefined) {
    throw new Error(
      `no model is named ${unknown}; there are ${benchModels.map(({ name }) => name).join(', ')}`,
    );
  }
  const unknownType = options.dtype.find((type) => !weightTypes.includes(type));
  if (unknownType !== undefined) {
    throw new Error(`no matrices are stored as ${unknownType}; there are ${weightTypes.join(', ')}`);
  }
  const models = benchModels.filter(({ name, isLarge }) =>
    names.length > 0 ? names.includes(name) : !isLarge,
  );
  const results: Result[] = [];
  for (const model of models) {
    for (const dtype of options.dtype) {
      for (const threads of options.threads) {
        const peer =
          options.peer &&
          options.peerModels &&
          peerOf({ binaries: options.peer, folder: options.peerModels }, model.name, dtype);
        const measured = await measureModel(model, {
          dtype,
          threads,
          repeats: options.repeats,
          tasks: benchTasks.filter(({ name }) => options.task.some((part) => name.startsWith(part))),
          ...(peer && { peer }),
          onProgress: (text) => process.stderr.write(`${text}\n`),
        });
        results.push(...measured);
        // After every model, so that what is measured survives an interruption.
        if (options.json) await writeFile(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
        process.stderr.write(`${markdownTable(measured)}\n`);
      }
    }
  }
  process.stdout.write(`${results[0]?.device ?? 'nothing measured'}\n\n${markdownTable(results)}\n`);
}

const probe = await native().probe();
if (!probe.available) {
  process.stderr.write(`bench: ${probe.reason}. ${probe.remedy ?? ''}\n`);
  process.exit(1);
}
await new Command('bench')
  .description('Measures prefill and decode on published shapes with random weights.')
  .argument('[models...]', benchModels.map(({ name }) => name).join(', '))
  .addOption(
    new Option('--dtype <list>', `storage of the matrices: ${weightTypes.join(', ')}`)
      .default(['f32', 'f16'])
      .argParser(list),
  )
  .addOption(
    new Option('--threads <list>', 'numbers of threads')
      .default([1, 2])
      .argParser((text) => list(text).map(Number)),
  )
  .addOption(
    new Option('--task <list>', 'beginnings of tasks').default(['prefill', 'decode']).argParser(list),
  )
  .option('--repeats <count>', 'measurements of each figure', Number, 5)
  .option('--json <file>', 'writes the results here too')
  .addOption(new Option('--peer <paths>', 'builds of llama-bench, measured between our runs').argParser(list))
  .option('--peer-models <folder>', 'the same models for the peer, by `pnpm bench:peer-models`')
  .action(run)
  .parseAsync();
