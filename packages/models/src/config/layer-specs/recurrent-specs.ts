import type { RecurrentConfig } from '../layer-configs.js';
import { constant, kaiming, type PartSpec, projection, residual, type Sizes, vector } from './part-spec.js';

/** Parameters of a recurrent block, with the initialisation of De et al. 2024, §2.4. */
export function recurrentSpecs(layer: RecurrentConfig, sizes: Sizes): PartSpec[] {
  const { innerSize: inner, blocks, kernelSize } = layer;
  const { hiddenSize } = sizes;
  const block = inner / blocks;
  const gate = (name: string): PartSpec[] => [
    vector(`${name}.weight`, [blocks, block, block], kaiming(block)),
    vector(`${name}.bias`, [blocks, block], constant(0)),
  ];
  return [
    ...projection('branch', [inner, hiddenSize], { bias: true, initial: kaiming(hiddenSize) }),
    ...projection('inProjection', [inner, hiddenSize], { bias: true, initial: kaiming(hiddenSize) }),
    vector('convolution.weight', [inner, kernelSize], kaiming(kernelSize)),
    vector('convolution.bias', inner, constant(0)),
    ...gate('inputGate'),
    ...gate('recurrenceGate'),
    {
      ...vector('recurrence', inner, { kind: 'recurrence', low: 0.9, high: 0.999 }),
      fold: 'logRecurrence',
    },
    ...projection('outProjection', [hiddenSize, inner], { bias: true, initial: residual(sizes) }),
  ];
}
