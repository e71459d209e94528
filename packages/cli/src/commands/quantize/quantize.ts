import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { quantizationConfig } from '@hybra/models';
import { openCheckpoint, type QuantSchemeName, readJson, writeFileAtomic } from '@hybra/weights';
import { modelPath } from '../../session/model-path.js';
import { directoryAt } from '../../session/open-session.js';
import { progressBar } from '../../session/progress.js';
import type { ExitCode, Terminal } from '../../session/terminal.js';
import { copyCompanions } from './copy-companions.js';
import { encodeConfig } from './encode-config.js';
import { type LossChange, lossChange } from './loss-change.js';
import { newFolder } from './new-folder.js';
import { planQuantization } from './plan-quantization.js';
import { report } from './report.js';
import { type TensorError, writeQuantized } from './write-quantized.js';

/** Options of `hybra quantize`. */
export interface QuantizeOptions {
  readonly type: QuantSchemeName;
  /** A text whose loss is compared before and after. */
  readonly text?: string;
  readonly window: number;
  readonly maxWindows?: number;
  readonly batch: number;
  readonly device?: string;
  readonly json?: boolean;
}

/** Writes a checkpoint whose matrices are in blocks of 8 or 4 bits, and says what that costs. */
export async function quantize(
  terminal: Terminal,
  input: string,
  output: string,
  options: QuantizeOptions,
): Promise<ExitCode> {
  const folder = await modelPath(terminal, input);
  const directory = directoryAt(folder);
  const { signal } = terminal;
  const json = (await readJson(directory, 'config.json', { signal })) as Record<string, unknown>;
  const source = await openCheckpoint(directory, signal);
  try {
    const plan = planQuantization(json, source, options.type);
    const bar = progressBar(terminal, 'quantising', 'MiB');
    let errors: readonly TensorError[] = [];
    let bytes = 0;
    await newFolder(output, async (temporary) => {
      const path = join(temporary, 'model.safetensors');
      errors = await writeQuantized(path, source, plan, {
        signal,
        onProgress: (done, total) => bar.update(Math.round(done / 2 ** 20), Math.round(total / 2 ** 20)),
      });
      bytes = (await stat(path)).size;
      const schemes = [...new Set(plan.flatMap(({ scheme }) => scheme ?? []))];
      const config =
        schemes.length === 0
          ? json
          : { ...json, quantization_config: quantizationConfig(options.type, schemes) };
      await writeFileAtomic(join(temporary, 'config.json'), encodeConfig(config));
      await copyCompanions(directory, temporary);
    }).finally(() => bar.stop());
    const { text } = options;
    const loss: LossChange | undefined =
      text === undefined ? undefined : await lossChange(terminal, [folder, output], { ...options, text });
    report(terminal, { type: options.type, output, plan, errors, bytes, loss }, options.json === true);
    return 0;
  } finally {
    await source.close();
  }
}
