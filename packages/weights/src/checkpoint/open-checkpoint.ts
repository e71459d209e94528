import { HybraError } from '@hybra/spec';
import { openSafetensors } from '../safetensors/open-safetensors.js';
import type { WeightSource } from '../safetensors/weight-source.js';
import type { Directory } from './directory.js';
import { openShards } from './open-shards.js';
import { parseShardIndex } from './parse-shard-index.js';
import { readOptionalJson } from './read-json.js';

const singleFile = 'model.safetensors';
const indexFile = 'model.safetensors.index.json';

/**
 * Opens the weights of a checkpoint: `model.safetensors`, or the shards that `model.safetensors.index.json` names.
 * Only headers are read.
 * @throws E_IO if neither is there or a shard is missing; E_FORMAT, E_DTYPE, E_ABORTED
 * @example
 * const weights = await openCheckpoint(folderDirectory('models/tiny'));
 */
export async function openCheckpoint(directory: Directory, signal?: AbortSignal): Promise<WeightSource> {
  const source = await directory.open(singleFile, signal);
  if (source) return openSafetensors(source, signal);
  const index = await readOptionalJson(directory, indexFile, signal ? { signal } : {});
  if (index === undefined) {
    throw new HybraError(
      'E_IO',
      `${directory.name}: there is neither ${singleFile} nor ${indexFile}. Expected the folder of a checkpoint in safetensors form: check the path, or convert the weights.`,
      { directory: directory.name },
    );
  }
  const what = `${directory.name}/${indexFile}`;
  return openShards({ directory, shards: parseShardIndex(index, what), what }, signal);
}
