import { type GgufOutputType, toGguf } from '@hybra/models';
import { HybraError } from '@hybra/spec';
import { formatBytes } from '@hybra/tensor';
import { writeGguf } from '@hybra/weights';
import { modelPath } from '../session/model-path.js';
import { directoryAt } from '../session/open-session.js';
import { progressBar } from '../session/progress.js';
import type { ExitCode, Terminal } from '../session/terminal.js';
import { openInput } from './convert/open-input.js';
import { writeAsHuggingFace } from './convert/write-as-hugging-face.js';
import { writeAsMambaSsm } from './convert/write-as-mamba-ssm.js';
import { writeAsMegatron } from './convert/write-as-megatron.js';

/** Options of `hybra convert`. */
export interface ConvertOptions {
  /** Format of the output. Default is told by its name. */
  readonly to?: FormatName;
  /** How matrices are stored in GGUF. Default is `f16`. */
  readonly type?: GgufOutputType;
  /** Dtype of the tensors in a folder. Default is to leave them as they are. */
  readonly dtype?: 'f32' | 'f16' | 'bf16';
  readonly json?: boolean;
}

/** A format that checkpoints are converted to. */
interface OutputFormat {
  readonly write: (
    input: string,
    output: string,
    options: ConvertOptions & {
      readonly signal: AbortSignal;
      readonly onProgress: (done: number, total: number) => void;
    },
  ) => Promise<{ readonly tensors: number; readonly type: string; readonly notes?: readonly string[] }>;
}

const formats = {
  gguf: { write: writeAsGguf },
  hf: { write: writeAsHuggingFace },
  mamba_ssm: { write: writeAsMambaSsm },
  megatron: { write: writeAsMegatron },
} as const satisfies Readonly<Record<string, OutputFormat>>;

type FormatName = keyof typeof formats;

/** Writes a checkpoint in another format: GGUF for an output that ends in `.gguf`, else the layout of transformers. */
export async function convert(
  terminal: Terminal,
  input: string,
  output: string,
  options: ConvertOptions,
): Promise<ExitCode> {
  const format: OutputFormat = formats[options.to ?? formatOf(output)];
  const path = await modelPath(terminal, input);
  const bar = progressBar(terminal, 'writing', 'MiB');
  let bytes = 0;
  const {
    tensors,
    type,
    notes = [],
  } = await format
    .write(path, output, {
      ...options,
      signal: terminal.signal,
      onProgress(done, total) {
        bytes = total;
        bar.update(Math.round(done / 2 ** 20), Math.round(total / 2 ** 20));
      },
    })
    .finally(() => bar.stop());
  if (options.json) terminal.out(`${JSON.stringify({ output, type, tensors, bytes, notes })}\n`);
  else {
    terminal.out(`${output}: ${type}, ${tensors} tensors, ${formatBytes(bytes)}\n`);
    for (const note of notes) terminal.out(`  ${note}\n`);
  }
  return 0;
}

function formatOf(output: string): FormatName {
  if (output.endsWith('.gguf')) return 'gguf';
  if (!/\.[a-z]\w*$/i.test(output)) return 'hf';
  throw new HybraError(
    'E_ARGUMENT',
    `convert: ${output} names no format that is written. End it in .gguf, name a folder, or say --to hf.`,
    { output },
  );
}

async function writeAsGguf(
  ...[input, output, options]: Parameters<OutputFormat['write']>
): Promise<{ tensors: number; type: string }> {
  const { type = 'f16', signal } = options;
  const checkpoint = await openInput(input, signal);
  try {
    const contents = await toGguf(checkpoint, { type, tokenizer: directoryAt(input), signal });
    await writeGguf(output, contents, { signal, onProgress: options.onProgress });
    return { tensors: contents.tensors.length, type };
  } finally {
    await checkpoint.weights.close();
  }
}
