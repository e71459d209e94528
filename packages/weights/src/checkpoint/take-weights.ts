import { type DType, HybraError } from '@hybra/spec';
import { castElements } from '../casts/cast-elements.js';
import { quoteName } from '../platform/quote-name.js';
import { missingTensor } from '../safetensors/missing-tensor.js';
import type { TensorEntry, WeightSource } from '../safetensors/weight-source.js';

/** A tensor that was taken: known to be there, with the shape asked for. */
export interface TakenWeight extends TensorEntry {
  /**
   * Its elements, converted to `dtype`.
   * @throws E_IO, E_ABORTED, E_OUT_OF_MEMORY
   */
  read(dtype: DType, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

/** Hands out the tensors of a checkpoint and remembers which. */
export interface WeightTaker {
  /** Whether the checkpoint has this tensor. Does not mark it as used. */
  has(name: string): boolean;
  /**
   * Marks a tensor as used. Reads nothing yet. Taking one twice is fine (tied weights).
   * @param shape the extents it must have; unchecked when absent
   * @throws E_FORMAT if it is missing, E_SHAPE if its shape differs
   */
  take(name: string, shape?: readonly number[]): TakenWeight;
  /** @throws E_FORMAT naming tensors that nobody took (the first 10, and how many) */
  finish(): void;
}

/** Options of {@link takeWeights}. */
export interface TakeOptions {
  /** Tensors that may stay unused, such as `/\.rotary_emb\.inv_freq$/`. */
  readonly ignore?: readonly RegExp[];
}

const namesShown = 10;

/**
 * Makes sure that a model and a checkpoint agree: every tensor that the model wants is there with its shape, and after
 * `finish` none is left over.
 * @example
 * const weights = takeWeights(source);
 * const embedding = weights.take('backbone.embeddings.weight', [50_280, 768]);
 * weights.finish();
 * const bytes = await embedding.read('f32');
 */
export function takeWeights(source: WeightSource, options: TakeOptions = {}): WeightTaker {
  const used = new Set<string>();
  // `search` looks from the start each time; `test` would remember a position under the flags g and y.
  const isIgnored = (name: string): boolean =>
    (options.ignore ?? []).some((pattern) => name.search(pattern) !== -1);
  return {
    has: (name) => source.entries.has(name),
    take(name, shape) {
      const entry = source.entries.get(name);
      if (!entry) throw missingTensor(name, source.entries.keys(), 'checkpoint');
      if (shape) checkShape(entry, shape);
      used.add(name);
      return {
        name,
        dtype: entry.dtype,
        shape: entry.shape,
        byteLength: entry.byteLength,
        read: async (dtype, signal) => castElements(await source.read(name, signal), entry.dtype, dtype),
      };
    },
    finish() {
      const unused = [...source.entries.keys()].filter((name) => !used.has(name) && !isIgnored(name));
      if (unused.length === 0) return;
      const shown = unused.slice(0, namesShown);
      const more = unused.length > shown.length ? `, and ${unused.length - shown.length} more` : '';
      throw new HybraError(
        'E_FORMAT',
        `checkpoint: the model does not use ${unused.length} of its ${source.entries.size} tensors: ${shown.map(quoteName).join(', ')}${more}. Expected every tensor to be used: config and weights belong to different models, or this family has a part that is not supported.`,
        { unusedCount: unused.length, unused: shown },
      );
    },
  };
}

function checkShape(entry: TensorEntry, expected: readonly number[]): void {
  const { name, shape } = entry;
  if (shape.length === expected.length && shape.every((extent, axis) => extent === expected[axis])) return;
  throw new HybraError(
    'E_SHAPE',
    `checkpoint: tensor ${quoteName(name)} is [${shape.join(', ')}]. Expected [${expected.join(', ')}]: config and weights belong to different models.`,
    { tensor: name, shape, expected },
  );
}
