import type { MambaConfig } from '../layer-configs.js';
import {
  constant,
  kaiming,
  type PartSpec,
  projection,
  residual,
  type Sizes,
  timeStepInitial,
  vector,
} from './part-spec.js';

/** Parameters of a Mamba layer, with the initialisation of Gu & Dao 2023 (§3.6 and reference code). */
export function mambaSpecs(layer: MambaConfig, sizes: Sizes): PartSpec[] {
  const { innerSize: inner, stateSize, timeStepRank: rank, kernelSize, projectionBias: bias } = layer;
  return [
    ...projection('inProjection', [2 * inner, sizes.hiddenSize], {
      bias,
      initial: kaiming(sizes.hiddenSize),
    }),
    vector('convolution.weight', [inner, kernelSize], kaiming(kernelSize)),
    ...(layer.convolutionBias ? [vector('convolution.bias', inner, kaiming(kernelSize))] : []),
    ...projection('parameterProjection', [rank + 2 * stateSize, inner], {
      bias: false,
      initial: kaiming(inner),
    }),
    ...(layer.innerNorms?.hasWeights
      ? [
          vector('timeStepNorm.weight', rank, constant(1)),
          vector('inputNorm.weight', stateSize, constant(1)),
          vector('outputNorm.weight', stateSize, constant(1)),
        ]
      : []),
    ...projection('timeStepProjection', [inner, rank], { bias: false, initial: kaiming(rank) }),
    vector('timeStepProjection.bias', inner, timeStepInitial),
    { ...vector('logDecay', [inner, stateSize], { kind: 'logOfIndex' }), fold: 'decay' },
    vector('skip', inner, constant(1)),
    ...projection('outProjection', [sizes.hiddenSize, inner], { bias, initial: residual(sizes) }),
  ];
}
