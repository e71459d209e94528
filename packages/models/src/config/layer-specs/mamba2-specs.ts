import type { Mamba2Config } from '../layer-configs.js';
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

/** Parameters of a Mamba-2 layer, with the initialisation of Dao & Gu 2024 as in Megatron's `mamba_block.py`. */
export function mamba2Specs(layer: Mamba2Config, sizes: Sizes): PartSpec[] {
  const { heads, headSize, groups, stateSize, kernelSize, projectionBias: bias } = layer;
  const { outputBias = bias } = layer;
  const inner = heads * headSize;
  const channels = inner + 2 * groups * stateSize;
  return [
    ...projection('inProjection', [inner + channels + heads, sizes.hiddenSize], {
      bias,
      initial: kaiming(sizes.hiddenSize),
    }),
    vector('convolution.weight', [channels, kernelSize], kaiming(kernelSize)),
    ...(layer.convolutionBias ? [vector('convolution.bias', channels, kaiming(kernelSize))] : []),
    vector('timeStepBias', heads, timeStepInitial),
    { ...vector('logDecay', heads, { kind: 'logOfUniform', low: 1, high: 16 }), fold: 'decay' },
    vector('skip', layer.skipPerChannel ? inner : heads, constant(1)),
    ...(layer.gatedNorm === 'none' ? [] : [vector('norm.weight', inner, constant(1))]),
    ...projection('outProjection', [sizes.hiddenSize, inner], { bias: outputBias, initial: residual(sizes) }),
  ];
}
