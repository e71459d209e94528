import { type Layer, mamba2Mixer, mambaMixer, plainRmsNorm, rmsNormLayer } from '@hybra/layers';
import type { Mamba2Config, MambaConfig } from '../config/layer-configs.js';
import { type LayerSource, projection } from './layer-source.js';

/** Builds a Mamba layer. */
export function buildMamba(config: MambaConfig, { parameters, stateDtype }: LayerSource): Layer {
  const { innerNorms } = config;
  const innerNorm = (name: string) =>
    innerNorms!.hasWeights
      ? rmsNormLayer(parameters(`${name}.weight`), innerNorms!)
      : plainRmsNorm(innerNorms!);
  return mambaMixer(
    {
      inProjection: projection(parameters, 'inProjection', config.projectionBias),
      convolutionWeight: parameters('convolution.weight'),
      convolutionBias: config.convolutionBias ? parameters('convolution.bias') : undefined,
      parameterProjection: projection(parameters, 'parameterProjection', false),
      ...(innerNorms && {
        innerNorms: {
          dt: innerNorm('timeStepNorm'),
          B: innerNorm('inputNorm'),
          C: innerNorm('outputNorm'),
        },
      }),
      timeStepProjection: projection(parameters, 'timeStepProjection', true),
      decay: parameters('decay'),
      skip: parameters('skip'),
      outProjection: projection(parameters, 'outProjection', config.projectionBias),
    },
    { stateDtype },
  );
}

/** Builds a Mamba-2 layer. */
export function buildMamba2(config: Mamba2Config, { parameters, stateDtype }: LayerSource): Layer {
  const { projectionBias, outputBias = projectionBias, gatedNorm } = config;
  return mamba2Mixer(
    {
      inProjection: projection(parameters, 'inProjection', projectionBias),
      convolutionWeight: parameters('convolution.weight'),
      convolutionBias: config.convolutionBias ? parameters('convolution.bias') : undefined,
      timeStepBias: parameters('timeStepBias'),
      decay: parameters('decay'),
      skip: parameters('skip'),
      normWeight: gatedNorm === 'none' ? undefined : parameters('norm.weight'),
      outProjection: projection(parameters, 'outProjection', outputBias),
    },
    { ...config, ...(gatedNorm === 'fullWidth' && { normGroups: 1 }), stateDtype },
  );
}
