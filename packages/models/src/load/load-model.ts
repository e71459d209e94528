import { throwIfAborted } from '@hybra/spec';
import { type Directory, openCheckpoint, readJson, takeWeights, type WeightSource } from '@hybra/weights';
import type { Model } from '../build/build-model.js';
import type { HybridConfig } from '../config/hybrid-config.js';
import { parameterSpecs } from '../config/parameter-specs.js';
import { familyOf } from '../families/families.js';
import type { Family } from '../families/family.js';
import { tensorShape } from '../families/tensor-name-map.js';
import { assembleModel, type ElementReader } from './assemble-model.js';
import type { LoadOptions } from './load-options.js';
import { resolvePlacement } from './placement.js';

/**
 * Loads a checkpoint: `config.json` beside `model.safetensors` or its shards. The configuration is read
 * strictly, and every tensor must be there, of the right shape, and used, before the first one is read.
 * @throws E_CONFIG, E_FORMAT, E_SHAPE, E_DTYPE, E_IO, E_ABORTED, E_OUT_OF_MEMORY, E_ARGUMENT; nothing stays
 * allocated then
 * @example
 * const model = await loadModel(folderDirectory('checkpoint'), { device });
 */
export async function loadModel(directory: Directory, options: LoadOptions): Promise<Model> {
  const { signal } = options;
  throwIfAborted(signal, 'loading a model');
  const json = await readJson(directory, 'config.json', signal ? { signal } : {});
  const family = familyOf(json);
  const config = family.parseConfig(json);
  resolvePlacement(config, options);
  const source = await openCheckpoint(directory, signal);
  try {
    return await assembleModel(config, checkpointReader(source, { family, config, signal }), options);
  } finally {
    await source.close();
  }
}

function checkpointReader(
  source: WeightSource,
  model: { readonly family: Family; readonly config: HybridConfig; readonly signal: AbortSignal | undefined },
): ElementReader {
  const { family, config, signal } = model;
  const weights = takeWeights(source, { ignore: family.ignoredTensors(config) });
  const taken = new Map(
    parameterSpecs(config).map((spec) => {
      const names = family.tensorNames(spec.name);
      const name = names.find((candidate) => weights.has(candidate)) ?? names[0]!;
      return [spec.name, weights.take(name, tensorShape(spec))];
    }),
  );
  weights.finish();
  let totalBytes = 0;
  for (const { byteLength } of taken.values()) totalBytes += byteLength;
  return {
    totalBytes,
    async read(spec) {
      const { name, dtype } = taken.get(spec.name)!;
      return { bytes: await source.read(name, signal), dtype };
    },
  };
}
