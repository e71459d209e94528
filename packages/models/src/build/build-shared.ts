import {
  type Adapter,
  adaptedLinear,
  type Layer,
  type Linear,
  linear,
  mlpLayer,
  type Norm,
  rmsNormLayer,
  sharedBlock,
} from '@hybra/layers';
import type { SharedConfig } from '../config/layer-configs.js';
import { buildAttention } from './build-attention.js';
import { buildMamba2 } from './build-mamba.js';
import { type LayerSource, partOf, projection } from './layer-source.js';

/** Builds a layer with a shared block. @param norms the norm before the mixer, and the epsilon of the others */
export function buildShared(
  config: SharedConfig,
  source: LayerSource,
  norms: { readonly norm: Norm; readonly epsilon: number },
): Layer {
  const { parameters } = source;
  const adapter = (down: string, up: string): Adapter => ({
    down: linear(parameters(`adapters.${down}.down.weight`)),
    up: linear(parameters(`adapters.${up}.up.weight`)),
  });
  const adapted = (base: Linear, name: string): Linear =>
    config.adapters.attention === undefined ? base : adaptedLinear(base, adapter(name, name));
  const norm = (name: string): Norm => rmsNormLayer(parameters(`${name}.weight`), { epsilon: norms.epsilon });
  const inMlp = (name: string): Linear => projection(partOf(source, 'mlp').parameters, name, config.mlp.bias);

  return sharedBlock({
    attentionNorm: norm('attentionNorm'),
    attention: buildAttention(config.attention, partOf(source, 'attention'), (parts) => ({
      ...parts,
      query: adapted(parts.query, 'query'),
      key: adapted(parts.key, 'key'),
      value: adapted(parts.value, 'value'),
    })),
    mlpNorm: norm('mlpNorm'),
    mlp: mlpLayer(
      {
        gate: adaptedLinear(inMlp('gate'), adapter('mlp', 'gate')),
        up: adaptedLinear(inMlp('up'), adapter('mlp', 'up')),
        down: inMlp('down'),
      },
      config.mlp,
    ),
    projection: linear(parameters('projection.weight')),
    norm: norms.norm,
    mixer: buildMamba2(config.mamba2, partOf(source, 'mamba2')),
  });
}
