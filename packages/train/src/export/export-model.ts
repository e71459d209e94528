import { familyOf, type HostWeights, type HybridConfig, parameterSpecs } from '@hybra/models';
import { elementCount, HybraError } from '@hybra/spec';
import { castElements, type TensorToWrite, writeFileAtomic, writeSafetensors } from '@hybra/weights';
import { nodeModule } from '../platform/node-module.js';
import { huggingFaceConfig } from './hugging-face-config.js';

/** What is written beside the weights. */
export interface ExportOptions {
  /** The `config.json` that the model was loaded with; made from the configuration when absent. */
  readonly configJson?: Readonly<Record<string, unknown>>;
  /** How matrices are stored; vectors stay float32. Default is `f32`. */
  readonly dtype?: 'f32' | 'f16' | 'bf16';
  /** Files to copy, such as the tokenizer's. */
  readonly copy?: readonly string[];
}

/**
 * Writes a model as transformers keeps it: `config.json`, `model.safetensors`, and copies of other files.
 * @param weights by the names of `parameterSpecs`
 * @throws E_CONFIG for a model that no layout holds, E_IO
 */
export async function exportModel(
  folder: string,
  config: HybridConfig,
  weights: HostWeights,
  options: ExportOptions = {},
): Promise<void> {
  const { copyFile, mkdir } = nodeModule('node:fs/promises', 'exporting a model');
  const { join } = nodeModule('node:path', 'exporting a model');
  const json = options.configJson ?? huggingFaceConfig(config);
  const tensors = storedTensors(json, config, weights, options.dtype ?? 'f32');
  await mkdir(folder, { recursive: true });
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, { metadata: { format: 'pt' } });
  await writeFileAtomic(
    join(folder, 'config.json'),
    new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`),
  );
  for (const file of options.copy ?? []) {
    await copyFile(file, join(folder, file.split(/[\\/]/).at(-1)!));
  }
}

function storedTensors(
  json: unknown,
  config: HybridConfig,
  weights: HostWeights,
  dtype: 'f32' | 'f16' | 'bf16',
): TensorToWrite[] {
  const family = familyOf(json);
  const stored = new Map<string, { shape: readonly number[]; values: Float32Array; isWide: boolean }>();
  for (const spec of parameterSpecs(config)) {
    if (spec.sharedWith !== undefined) continue;
    const values = weights.get(spec.name);
    if (!values) throw new HybraError('E_FORMAT', `export: ${spec.name} is missing.`, { name: spec.name });
    let at = 0;
    for (const { tensor, shape, start, count } of family.storedForms(spec, config)[0]!) {
      const whole = stored.get(tensor) ?? {
        shape,
        values: new Float32Array(elementCount(shape)),
        isWide: true,
      };
      whole.values.set(values.subarray(at, at + count), start);
      stored.set(tensor, { ...whole, isWide: spec.precision === 'wide' });
      at += count;
    }
  }
  return [...stored].map(([name, { shape, values, isWide }]) => {
    const target = isWide ? 'f32' : dtype;
    return {
      name,
      dtype: target,
      shape,
      bytes: castElements(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 'f32', target),
    };
  });
}
