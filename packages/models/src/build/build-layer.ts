import {
  attentionLayer,
  type Layer,
  type Linear,
  linear,
  mamba2Mixer,
  mambaMixer,
  mlpLayer,
} from '@hybra/layers';
import type { DType } from '@hybra/spec';
import type { LayerConfig, Mamba2Config, MambaConfig } from '../config/hybrid-config.js';
import type { ParameterSource } from './parameter-source.js';

/** Builds one layer from its configuration and the tensors under its `mixer`. */
export function buildLayer(config: LayerConfig, parameters: ParameterSource, stateDtype: DType): Layer {
  switch (config.kind) {
    case 'mamba':
      return buildMamba(config, parameters, stateDtype);
    case 'mamba2':
      return buildMamba2(config, parameters, stateDtype);
    case 'attention': {
      const named = (name: string): Linear => projection(parameters, name, config.bias);
      const parts = {
        query: named('query'),
        key: named('key'),
        value: named('value'),
        output: named('output'),
      };
      return attentionLayer(parts, { ...config, cacheDtype: stateDtype });
    }
    case 'mlp': {
      const named = (name: string): Linear => projection(parameters, name, config.bias);
      return mlpLayer(
        { up: named('up'), down: named('down'), gate: config.gated ? named('gate') : undefined },
        { activation: config.activation },
      );
    }
  }
}

function buildMamba(config: MambaConfig, parameters: ParameterSource, stateDtype: DType): Layer {
  return mambaMixer(
    {
      inProjection: projection(parameters, 'inProjection', config.projectionBias),
      convolutionWeight: parameters('convolution.weight'),
      convolutionBias: config.convolutionBias ? parameters('convolution.bias') : undefined,
      parameterProjection: projection(parameters, 'parameterProjection', false),
      timeStepProjection: projection(parameters, 'timeStepProjection', true),
      decay: parameters('decay'),
      skip: parameters('skip'),
      outProjection: projection(parameters, 'outProjection', config.projectionBias),
    },
    { stateDtype },
  );
}

function buildMamba2(config: Mamba2Config, parameters: ParameterSource, stateDtype: DType): Layer {
  return mamba2Mixer(
    {
      inProjection: projection(parameters, 'inProjection', config.projectionBias),
      convolutionWeight: parameters('convolution.weight'),
      convolutionBias: config.convolutionBias ? parameters('convolution.bias') : undefined,
      timeStepBias: parameters('timeStepBias'),
      decay: parameters('decay'),
      skip: parameters('skip'),
      normWeight: parameters('norm.weight'),
      outProjection: projection(parameters, 'outProjection', config.projectionBias),
    },
    { ...config, stateDtype },
  );
}

function projection(parameters: ParameterSource, name: string, hasBias: boolean): Linear {
  return linear(parameters(`${name}.weight`), hasBias ? parameters(`${name}.bias`) : undefined);
}
