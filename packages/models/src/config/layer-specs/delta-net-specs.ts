import type { DeltaNetConfig } from '../layer-configs.js';
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

/** Parameters of a gated delta net. */
export function deltaNetSpecs(layer: DeltaNetConfig, sizes: Sizes): PartSpec[] {
  const { valueHeads, kernelSize } = layer;
  const keys = layer.keyHeads * layer.keySize;
  const values = valueHeads * layer.valueSize;
  const channels = 2 * keys + values;
  return [
    // query | key | value | z
    ...projection('inProjection', [channels + values, sizes.hiddenSize], { bias: false }),
    // strength | time step
    ...projection('stepProjection', [2 * valueHeads, sizes.hiddenSize], { bias: false }),
    vector('convolution.weight', [channels, kernelSize], kaiming(kernelSize)),
    vector('timeStepBias', valueHeads, timeStepInitial),
    { ...vector('logDecay', valueHeads, { kind: 'logOfUniform', low: 1e-3, high: 16 }), fold: 'decay' },
    vector('norm.weight', layer.valueSize, constant(1)),
    ...projection('outProjection', [sizes.hiddenSize, values], { bias: false, initial: residual(sizes) }),
  ];
}
