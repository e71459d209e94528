import type { ConvolutionConfig } from '../layer-configs.js';
import { constant, kaiming, type PartSpec, projection, residual, type Sizes, vector } from './part-spec.js';

/** Parameters of a gated short convolution. */
export function convolutionSpecs(layer: ConvolutionConfig, sizes: Sizes): PartSpec[] {
  const { bias, kernelSize } = layer;
  const width = sizes.hiddenSize;
  return [
    ...projection('inProjection', [3 * width, width], { bias }),
    vector('convolution.weight', [width, kernelSize], kaiming(kernelSize)),
    ...(bias ? [vector('convolution.bias', width, constant(0))] : []),
    ...projection('outProjection', [width, width], { bias, initial: residual(sizes) }),
  ];
}
