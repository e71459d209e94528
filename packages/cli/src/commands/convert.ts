import { type GgufOutputType, ggufContents } from '@hybra/models';
import { HybraError } from '@hybra/spec';
import { formatBytes } from '@hybra/tensor';
import { type Directory, writeGguf } from '@hybra/weights';
import { modelDirectory } from '../session/open-session.js';
import { progressBar } from '../session/progress.js';
import type { ExitCode, Terminal } from '../session/terminal.js';

/** Options of `hybra convert`. */
export interface ConvertOptions {
  readonly type: GgufOutputType;
  readonly json?: boolean;
}

/** A format that checkpoints are converted to. */
interface OutputFormat {
  /** Of the output's name. */
  readonly ending: string;
  readonly write: (
    directory: Directory,
    output: string,
    options: ConvertOptions & {
      readonly signal: AbortSignal;
      readonly onProgress: (done: number, total: number) => void;
    },
  ) => Promise<{ readonly tensors: number }>;
}

const formats: readonly OutputFormat[] = [{ ending: '.gguf', write: writeAsGguf }];

/** Writes a checkpoint in another format, which the output's name tells. */
export async function convert(
  terminal: Terminal,
  input: string,
  output: string,
  options: ConvertOptions,
): Promise<ExitCode> {
  const format = formats.find(({ ending }) => output.endsWith(ending));
  if (!format) {
    throw new HybraError(
      'E_ARGUMENT',
      `convert: ${output} names no format that is written. End it in ${formats.map(({ ending }) => ending).join(' or ')}.`,
      { output },
    );
  }
  const { directory } = modelDirectory(input);
  const bar = progressBar(terminal, 'writing', 'MiB');
  let bytes = 0;
  const { tensors } = await format
    .write(directory, output, {
      ...options,
      signal: terminal.signal,
      onProgress(done, total) {
        bytes = total;
        bar.update(Math.round(done / 2 ** 20), Math.round(total / 2 ** 20));
      },
    })
    .finally(() => bar.stop());
  if (options.json) terminal.out(`${JSON.stringify({ output, type: options.type, tensors, bytes })}\n`);
  else terminal.out(`${output}: ${options.type}, ${tensors} tensors, ${formatBytes(bytes)}\n`);
  return 0;
}

async function writeAsGguf(
  ...[directory, output, options]: Parameters<OutputFormat['write']>
): Promise<{ tensors: number }> {
  const contents = await ggufContents(directory, options.type, options.signal);
  try {
    await writeGguf(output, contents, { signal: options.signal, onProgress: options.onProgress });
    return { tensors: contents.tensors.length };
  } finally {
    await contents.close();
  }
}
