import type { MlpConfig } from '../layer-configs.js';
import { type PartSpec, projection, residual, type Sizes } from './part-spec.js';

/** Parameters of a feed-forward layer. */
export function mlpSpecs(layer: MlpConfig, sizes: Sizes): PartSpec[] {
  const { bias, innerSize } = layer;
  return [
    ...(layer.gated ? projection('gate', [innerSize, sizes.hiddenSize], { bias }) : []),
    ...projection('up', [innerSize, sizes.hiddenSize], { bias }),
    ...projection('down', [sizes.hiddenSize, innerSize], { bias, initial: residual(sizes) }),
  ];
}
