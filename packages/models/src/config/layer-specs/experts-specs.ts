import type { ExpertsConfig } from '../layer-configs.js';
import { mlpSpecs } from './mlp-specs.js';
import {
  constant,
  led,
  matrix,
  type PartSpec,
  projection,
  residual,
  type Sizes,
  vector,
} from './part-spec.js';

/** Parameters of a mixture of experts; those of all experts lie in one tensor `[experts, …]`. */
export function expertsSpecs(layer: ExpertsConfig, sizes: Sizes): PartSpec[] {
  const { experts, innerSize, latent, shared } = layer;
  const width = latent?.size ?? sizes.hiddenSize;
  const { hiddenSize } = sizes;
  const bias = latent?.bias ?? false;
  return [
    vector('router.weight', [experts, hiddenSize], { kind: 'normal', deviation: 0.02 }),
    ...(layer.router.hasCorrection ? [vector('router.correction', experts, constant(0))] : []),
    ...(latent ? projection('latentIn', [latent.size, hiddenSize], { bias }) : []),
    ...(layer.gated ? [matrix('experts.gate', [experts, innerSize, width])] : []),
    matrix('experts.up', [experts, innerSize, width]),
    matrix('experts.down', [experts, width, innerSize], residual(sizes)),
    ...(latent ? projection('latentOut', [hiddenSize, latent.size], { bias }) : []),
    ...(shared
      ? led(
          'shared',
          mlpSpecs({ ...layer, kind: 'mlp', innerSize: shared.innerSize, bias: shared.bias }, sizes),
        )
      : []),
    ...(shared?.hasGate ? [matrix('sharedGate.weight', [1, hiddenSize])] : []),
  ];
}
