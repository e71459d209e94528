import { throwIfAborted } from '@hybra/spec';
import { type Directory, openCheckpoint, readJson } from '@hybra/weights';
import type { Model } from '../build/build-model.js';
import { familyOf } from '../families/families.js';
import { assembleModel } from './assemble-model.js';
import { checkpointReader } from './checkpoint-reader.js';
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
