import { type Model, parameterCount, patternOf } from '@hybra/models';
import { byteSize, elementCount } from '@hybra/spec';
import type { LayerFacts } from './protocol.js';

/** The facts of a model that do not depend on where it runs. */
export function modelFacts(model: Model): {
  readonly family: string;
  readonly pattern: string;
  readonly parameterCount: number;
  readonly contextLength: number | undefined;
  readonly layers: readonly LayerFacts[];
} {
  return {
    family: model.family,
    pattern: patternOf(model.config),
    parameterCount: parameterCount(model.config),
    contextLength: model.contextLength,
    layers: model.layerKinds.map((kind, layer) => {
      let constantBytes = 0;
      let bytesPerToken = 0;
      for (const { kind: growth, shape, dtype, window } of Object.values(model.stateSpecs[layer]!)) {
        const bytes = elementCount(shape) * byteSize(dtype);
        if (growth === 'fixed') constantBytes += bytes;
        else if (window !== undefined) constantBytes += bytes * window;
        else bytesPerToken += bytes;
      }
      return { kind, constantBytes, bytesPerToken };
    }),
  };
}
