import { expertsLayer, type Layer, linear } from '@hybra/layers';
import type { ExpertsConfig } from '../config/layer-configs.js';
import { buildMlp } from './build-mlp.js';
import { type LayerSource, partOf, projection } from './layer-source.js';

/** Builds a mixture of experts. */
export function buildExperts(config: ExpertsConfig, source: LayerSource): Layer {
  const { parameters } = source;
  const { router, latent, shared, activation, gated, chosen } = config;
  return expertsLayer(
    {
      router: linear(parameters('router.weight')),
      correction: router.hasCorrection ? parameters('router.correction') : undefined,
      up: parameters('experts.up'),
      down: parameters('experts.down'),
      gate: gated ? parameters('experts.gate') : undefined,
      latent: latent && {
        in: projection(parameters, 'latentIn', latent.bias),
        out: projection(parameters, 'latentOut', latent.bias),
      },
      shared: shared && buildMlp({ kind: 'mlp', activation, gated, ...shared }, partOf(source, 'shared')),
      sharedGate: shared?.hasGate ? linear(parameters('sharedGate.weight')) : undefined,
    },
    { ...router, chosen, activation },
  );
}
