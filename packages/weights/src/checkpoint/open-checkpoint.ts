import { HybraError } from '@hybra/spec';
import type { WeightSource } from '../safetensors/weight-source.js';
import type { Directory } from './directory.js';
import { openShards } from './open-shards.js';
import { openWeights } from './open-weights.js';
import { parseShardIndex } from './parse-shard-index.js';
import { readOptionalJson } from './read-json.js';

/** Files of weights, best first: one file, or an index of several. */
const layouts = [
  { file: 'model.safetensors', index: 'model.safetensors.index.json' },
  { file: 'pytorch_model.bin', index: 'pytorch_model.bin.index.json' },
] as const;

/**
 * Opens the weights of a checkpoint: `model.safetensors`, or the shards that `model.safetensors.index.json` names;
 * where there is neither, `pytorch_model.bin` or the shards of its index. Only headers are read.
 * @throws E_IO if none is there or a shard is missing; E_FORMAT, E_DTYPE, E_ABORTED
 * @example
 * const weights = await openCheckpoint(folderDirectory('models/tiny'));
 */
export async function openCheckpoint(directory: Directory, signal?: AbortSignal): Promise<WeightSource> {
  if (directory.openWeights) return directory.openWeights(signal);
  for (const { file, index } of layouts) {
    const source = await directory.open(file, signal);
    if (source) return openWeights(source, signal);
    const json = await readOptionalJson(directory, index, signal ? { signal } : {});
    if (json === undefined) continue;
    const what = `${directory.name}/${index}`;
    return openShards({ directory, shards: parseShardIndex(json, what), what }, signal);
  }
  const expected = layouts.flatMap(({ file, index }) => [file, index]).join(', ');
  throw new HybraError(
    'E_IO',
    `${directory.name}: there is none of ${expected}. Expected the folder of a checkpoint: check the path.`,
    { directory: directory.name },
  );
}
