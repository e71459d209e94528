import { throwIfAborted } from '@hybra/spec';
import { type Directory, openCheckpoint, readJson, type WeightSource } from '@hybra/weights';
import type { Model } from '../build/build-model.js';
import { familyOf } from '../families/families.js';
import { readQuantSchemes } from '../quantization/quantization-config.js';
import { assembleModel } from './assemble-model.js';
import { checkpointReader } from './checkpoint-reader.js';
import type { LoadOptions } from './load-options.js';
import { resolvePlacement } from './placement.js';
import { settleHead } from './settle-head.js';

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
  readCheckpointConfig(json, options);
  const source = await openCheckpoint(directory, signal);
  try {
    return await modelFromCheckpoint({ config: json, weights: source }, options);
  } finally {
    await source.close();
  }
}

/** A checkpoint whose weights are open. */
export interface OpenCheckpoint {
  /** What its `config.json` says. */
  readonly config: unknown;
  /** Tensors by the names of the family. The caller closes it. */
  readonly weights: WeightSource;
}

/** `loadModel` from weights that are open, such as those of {@link openMegatron}. @throws as `loadModel` */
export async function modelFromCheckpoint(checkpoint: OpenCheckpoint, options: LoadOptions): Promise<Model> {
  const { family, config: stated, schemes } = readCheckpointConfig(checkpoint.config, options);
  const { signal } = options;
  const config = await settleHead(stated, { family, source: checkpoint.weights }, signal);
  const reader = checkpointReader(checkpoint.weights, { family, config, schemes, signal });
  return assembleModel(config, reader, options);
}

/** Everything that can be wrong before weights are opened. @throws E_CONFIG, E_ARGUMENT */
function readCheckpointConfig(json: unknown, options: LoadOptions) {
  const family = familyOf(json);
  const config = family.parseConfig(json);
  const schemes = readQuantSchemes(json);
  resolvePlacement(config, options);
  return { family, config, schemes };
}
