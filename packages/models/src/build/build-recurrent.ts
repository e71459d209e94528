import { type BlockDiagonal, deltaNet, type Layer, recurrentUnit } from '@hybra/layers';
import type { DeltaNetConfig, RecurrentConfig } from '../config/layer-configs.js';
import { type LayerSource, projection } from './layer-source.js';

/** Builds a recurrent block with its RG-LRU. */
export function buildRecurrent(config: RecurrentConfig, { parameters }: LayerSource): Layer {
  const gate = (name: string): BlockDiagonal => ({
    weight: parameters(`${name}.weight`),
    bias: parameters(`${name}.bias`),
  });
  return recurrentUnit(
    {
      branch: projection(parameters, 'branch', true),
      inProjection: projection(parameters, 'inProjection', true),
      convolutionWeight: parameters('convolution.weight'),
      convolutionBias: parameters('convolution.bias'),
      inputGate: gate('inputGate'),
      recurrenceGate: gate('recurrenceGate'),
      logRecurrence: parameters('logRecurrence'),
      outProjection: projection(parameters, 'outProjection', true),
    },
    config,
  );
}

/** Builds a gated delta net. */
export function buildDeltaNet(config: DeltaNetConfig, { parameters, stateDtype }: LayerSource): Layer {
  return deltaNet(
    {
      inProjection: projection(parameters, 'inProjection', false),
      stepProjection: projection(parameters, 'stepProjection', false),
      convolutionWeight: parameters('convolution.weight'),
      timeStepBias: parameters('timeStepBias'),
      decay: parameters('decay'),
      normWeight: parameters('norm.weight'),
      outProjection: projection(parameters, 'outProjection', false),
    },
    { ...config, stateDtype },
  );
}
