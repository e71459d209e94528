import { throwIfAborted } from '@hybra/spec';
import { type Directory, openCheckpoint, readJson } from '@hybra/weights';
import type { Model } from '../build/build-model.js';
import { familyOf } from '../families/families.js';
import { readQuantSchemes } from '../quantization/quantization-config.js';
import { assembleModel } from './assemble-model.js';
import { checkpointReader } from './checkpoint-reader.js';
import type { LoadOptions } from './load-options.js';
import { resolvePlacement } from './placement.js';

/**
 * Loads a checkpoint: `config.json` beside `model.safetensors` or its shards, quantised by hybra or not. The
 * configuration is read strictly, and every tensor must be there, of the right shape, and used, before the first
 * one is read. Quantised matrices stay quantised.
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
  const schemes = readQuantSchemes(json);
  resolvePlacement(config, options);
  const source = await openCheckpoint(directory, signal);
  try {
    const reader = checkpointReader(source, { family, config, schemes, signal });
    return await assembleModel(config, reader, options);
  } finally {
    await source.close();
  }
}
