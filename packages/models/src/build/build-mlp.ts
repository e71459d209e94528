import { type Layer, mlpLayer } from '@hybra/layers';
import type { MlpConfig } from '../config/layer-configs.js';
import { type LayerSource, projection } from './layer-source.js';

/** Builds an MLP. */
export function buildMlp(config: MlpConfig, { parameters }: LayerSource): Layer {
  const named = (name: string) => projection(parameters, name, config.bias);
  const gate = config.gated ? named('gate') : undefined;
  return mlpLayer({ up: named('up'), down: named('down'), gate }, config);
}
