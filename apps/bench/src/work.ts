import { type HybridConfig, type Model, parameterSpecs } from '@hybra/models';
import { byteLengthOf, byteSize, type DType, elementCount } from '@hybra/spec';

/** What a token costs, counted from the shapes. */
export interface Work {
  /** Operations of a prompt's token in the layers' matrices: two for each weight. */
  readonly operationsPerToken: number;
  /** Bytes that a decoded token moves: all weights and the head once, states twice. */
  readonly bytesPerToken: number;
}

/** @param dtype storage of the matrices; everything else is float32 */
export function workOf(config: HybridConfig, model: Model, dtype: DType): Work {
  let operations = 0;
  let bytes = 0;
  for (const { name, shape, sharedWith } of parameterSpecs(config)) {
    if (sharedWith !== undefined) continue;
    const count = elementCount(shape);
    const isVocabulary = shape.length === 2 && shape[0] === config.vocabularySize;
    const isMatrix = shape.length === 2 && Math.min(...shape) > 16;
    if (isMatrix && !isVocabulary) operations += 2 * count;
    // One row of an embedding of its own is read, all of a head.
    if (isVocabulary && !config.isTied && name.includes('embedding')) continue;
    bytes += count * byteSize(isMatrix ? dtype : 'f32');
  }
  const states = model.stateSpecs.flatMap((layer) => Object.values(layer));
  const stateBytes = states
    .filter(({ kind }) => kind === 'fixed')
    .reduce((sum, type) => sum + byteLengthOf(type), 0);
  return { operationsPerToken: operations, bytesPerToken: bytes + 2 * stateBytes };
}
