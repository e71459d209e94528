import { isPlainObject } from '../json/is-plain-object.js';
import { quoteName } from '../platform/quote-name.js';
import { formatError } from '../safetensors/format-error.js';
import { maximumNameLength } from '../safetensors/header-limits.js';
import { isPlainFileName } from './file-name.js';

/**
 * Checks the content of a `model.safetensors.index.json`: `{"metadata": {…}, "weight_map": {tensor: file}}`.
 * `metadata` is ignored: its `total_size` is often wrong in published checkpoints.
 * @returns the names of the tensors that each file holds
 * @throws E_FORMAT, also for a file name that leaves the folder
 */
export function parseShardIndex(json: unknown, what: string): ReadonlyMap<string, ReadonlySet<string>> {
  const weightMap = isPlainObject(json) ? json.weight_map : undefined;
  if (!isPlainObject(weightMap))
    throw formatError(what, 'has no weight_map', 'an object from tensors to files');
  const shards = new Map<string, Set<string>>();
  for (const tensor of Object.keys(weightMap)) {
    const file = weightMap[tensor];
    if (tensor.length > maximumNameLength) {
      throw formatError(
        what,
        `a tensor's name has ${tensor.length} characters`,
        `at most ${maximumNameLength}`,
      );
    }
    if (typeof file !== 'string' || !isPlainFileName(file)) {
      throw formatError(
        what,
        `the file of tensor ${quoteName(tensor)} is ${typeof file === 'string' ? quoteName(file) : 'no string'}`,
        'the name of a file in the same folder, without / \\ : or control characters',
        { tensor },
      );
    }
    const tensors = shards.get(file);
    if (tensors) tensors.add(tensor);
    else shards.set(file, new Set([tensor]));
  }
  if (shards.size === 0) throw formatError(what, 'its weight_map is empty', 'at least one tensor');
  return shards;
}
