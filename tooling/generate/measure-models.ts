/**
 * `pnpm measure:models [--device cpu] [--out FILE]`: how far the logits of every golden of the model zoo lie from what
 * we compute, in float32 and bfloat16, from its own files and from a GGUF file made of them. Kept in
 * docs/models.results.json, from which docs/models.md is made. A backend on another machine is measured there with
 * `--out FILE`, and `pnpm measure:models --merge FILE` takes the results over here.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ggufContents, ggufDirectory } from '@hybra/models';
import { HybraError } from '@hybra/spec';
import { type Directory, fileSource, folderDirectory, writeGguf } from '@hybra/weights';
import { cliRegistry } from '../../packages/cli/src/session/backends.js';
import { measureGolden } from './measure-golden.js';
import { type ModelResult, mergeResults, readResults, resultsFile } from './model-results.js';

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cpu' },
    fixtures: { type: 'string', default: 'packages/models/test/fixtures' },
    out: { type: 'string' },
    merge: { type: 'string' },
  },
});
const results =
  values.merge === undefined ? await measure(values.device, values.fixtures) : readResults(values.merge);
if (values.out === undefined) {
  writeFileSync(resultsFile, encoded(mergeResults(readResults(resultsFile), results)));
} else writeFileSync(values.out, encoded(results));

function encoded(results: readonly ModelResult[]): string {
  return `${JSON.stringify(results, null, 2)}\n`;
}

async function measure(backend: string, fixtures: string): Promise<ModelResult[]> {
  const device = await cliRegistry().open(backend);
  const temporary = mkdtempSync(join(tmpdir(), 'hybra-measure-'));
  const results: ModelResult[] = [];
  try {
    for (const checkpoint of readdirSync(fixtures).sort()) {
      const folder = join(fixtures, checkpoint);
      if (!existsSync(join(folder, 'golden.safetensors'))) continue;
      const { model_type: family = 'mamba_ssm' } = JSON.parse(
        readFileSync(join(folder, 'config.json'), 'utf8'),
      );
      const golden = folderDirectory(folder);
      for (const [format, directory] of await formatsOf(folder, join(temporary, `${checkpoint}.gguf`))) {
        for (const dtype of ['f32', 'bf16'] as const) {
          const logitError = await measureGolden(directory, { golden, device, dtype });
          results.push({
            family,
            checkpoint,
            format,
            device: backend,
            machine: device.name,
            dtype,
            logitError,
          });
          process.stdout.write(
            `${checkpoint} ${format} ${backend} ${dtype} ${logitError.toExponential(2)}\n`,
          );
        }
      }
    }
  } finally {
    rmSync(temporary, { recursive: true });
    await device.dispose();
  }
  return results;
}

/** A checkpoint as it lies there, and as GGUF where its family has that. */
async function formatsOf(folder: string, gguf: string): Promise<[ModelResult['format'], Directory][]> {
  const own = existsSync(join(folder, 'pytorch_model.bin')) ? 'torch' : 'safetensors';
  const formats: [ModelResult['format'], Directory][] = [[own, folderDirectory(folder)]];
  try {
    const contents = await ggufContents(folderDirectory(folder), 'f32');
    await writeGguf(gguf, contents).finally(() => contents.close());
    formats.push(['gguf', ggufDirectory(gguf, () => fileSource(gguf))]);
  } catch (error) {
    // Families that GGUF has no architecture for.
    if (!HybraError.isInstance(error) || error.code !== 'E_CONFIG') throw error;
  }
  return formats;
}
