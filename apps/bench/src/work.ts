import { type HybridConfig, type Model, parameterSpecs } from '@hybra/models';
import { byteLengthOf, elementCount } from '@hybra/spec';
import { bytesPerWeight, isMatrix, isVocabulary, type WeightType } from './weight-type.js';

/** What a token costs, counted from the shapes. */
export interface Work {
  /** Operations of a prompt's token in the layers' matrices: two for each weight. */
  readonly operationsPerToken: number;
  /** Bytes that a decoded token moves: all weights and the head once, states twice. */
  readonly bytesPerToken: number;
}

/** @param type storage of the matrices; everything else is float32 */
export function workOf(config: HybridConfig, model: Model, type: WeightType): Work {
  let operations = 0;
  let bytes = 0;
  for (const spec of parameterSpecs(config)) {
    const { name, shape, sharedWith } = spec;
    if (sharedWith !== undefined) continue;
    const count = elementCount(shape);
    const isTable = isVocabulary(spec, config);
    if (isMatrix(spec) && !isTable) operations += 2 * count;
    // One row of an embedding of its own is read, all of a head.
    if (isTable && !config.isTied && name.includes('embedding')) continue;
    bytes += count * bytesPerWeight(type, spec, config);
  }
  const states = model.stateSpecs.flatMap((layer) => Object.values(layer));
  const stateBytes = states
    .filter(({ kind }) => kind === 'fixed')
    .reduce((sum, type) => sum + byteLengthOf(type), 0);
  return { operationsPerToken: operations, bytesPerToken: bytes + 2 * stateBytes };
}
