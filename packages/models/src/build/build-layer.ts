import { type Layer, parallelLayer, shortConvolution } from '@hybra/layers';
import { HybraError } from '@hybra/spec';
import type { LayerConfig } from '../config/layer-configs.js';
import { buildAttention } from './build-attention.js';
import { buildExperts } from './build-experts.js';
import { buildMamba, buildMamba2 } from './build-mamba.js';
import { buildMlp } from './build-mlp.js';
import { buildDeltaNet, buildRecurrent } from './build-recurrent.js';
import { type LayerSource, partOf, projection } from './layer-source.js';

/** Builds one layer from its configuration and the tensors under its `mixer`. */
export function buildLayer(config: LayerConfig, source: LayerSource): Layer {
  const { parameters } = source;
  switch (config.kind) {
    case 'mamba':
      return buildMamba(config, source);
    case 'mamba2':
      return buildMamba2(config, source);
    case 'attention':
      return buildAttention(config, source);
    case 'mlp':
      return buildMlp(config, source);
    case 'convolution':
      return shortConvolution({
        inProjection: projection(parameters, 'inProjection', config.bias),
        convolutionWeight: parameters('convolution.weight'),
        convolutionBias: config.bias ? parameters('convolution.bias') : undefined,
        outProjection: projection(parameters, 'outProjection', config.bias),
      });
    case 'parallel':
      return parallelLayer(
        'parallel',
        config.branches.map(({ layer, ...multipliers }) => ({
          name: layer.kind,
          layer: buildLayer(layer, partOf(source, layer.kind)),
          ...multipliers,
        })),
      );
    case 'experts':
      return buildExperts(config, source);
    case 'recurrent':
      return buildRecurrent(config, source);
    case 'deltaNet':
      return buildDeltaNet(config, source);
    case 'shared':
      throw new HybraError('E_CONFIG', 'model: a layer with a shared block stands in no other layer.', {
        kind: config.kind,
      });
  }
}
