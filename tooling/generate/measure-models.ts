/**
 * `pnpm measure:models [--device cpu]`: runs `hybra verify` on every golden of the model zoo, in float32 and bfloat16,
 * and keeps the errors in docs/models.results.json, from which docs/models.md is made.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { run } from '../../packages/cli/test/captured-terminal.js';
import { root } from '../workspace/root.js';
import { type ModelResult, resultsFile, resultsOf } from './model-results.js';

const fixtures = join(root, 'packages/models/test/fixtures');
const dtypes = ['f32', 'bf16'] as const;

const { values } = parseArgs({ options: { device: { type: 'string', default: 'cpu' } } });
const results: ModelResult[] = resultsOf(root).filter((result) => result.device !== values.device);
for (const checkpoint of readdirSync(fixtures)) {
  const folder = join(fixtures, checkpoint);
  if (!existsSync(join(folder, 'golden.safetensors'))) continue;
  const { model_type: family = 'mamba_ssm' } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  const format = existsSync(join(folder, 'pytorch_model.bin')) ? 'torch' : 'safetensors';
  for (const dtype of dtypes) {
    const options = ['--device', values.device, '--dtype', dtype, '--tolerance', '1e9', '--json'];
    const { exitCode, out, notes } = await run(['verify', folder, ...options]);
    if (exitCode === 2) throw new Error(`${checkpoint}, ${dtype}: ${notes}`);
    const logitError: number = JSON.parse(out).logits.maxAbsoluteError;
    results.push({ family, checkpoint, format, device: values.device, dtype, logitError });
    process.stdout.write(`${checkpoint} ${values.device} ${dtype} ${logitError.toExponential(2)}\n`);
  }
}
writeFileSync(join(root, resultsFile), `${JSON.stringify(results, null, 2)}\n`);
