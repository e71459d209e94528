import type { Activation } from '@hybra/layers';
import type { AttentionConfig, Mamba2Config, MambaConfig, MlpConfig } from '../config/layer-configs.js';
import type { PresetSize } from './preset-sizes.js';

/** A Mamba layer: channels twice as wide as the model, time-step rank a sixteenth of it. */
export function mambaLayer(size: PresetSize): MambaConfig {
  return {
    kind: 'mamba',
    innerSize: 2 * size.hiddenSize,
    stateSize: size.mambaStateSize,
    timeStepRank: Math.ceil(size.hiddenSize / 16),
    kernelSize: 4,
    projectionBias: false,
    convolutionBias: true,
  };
}

/** A Mamba-2 layer: heads together twice as wide as the model. */
export function mamba2Layer(size: PresetSize): Mamba2Config {
  return {
    kind: 'mamba2',
    heads: (2 * size.hiddenSize) / size.ssmHeadSize,
    headSize: size.ssmHeadSize,
    stateSize: size.stateSize,
    groups: size.groups,
    kernelSize: 4,
    chunkSize: size.chunkSize,
    projectionBias: false,
    convolutionBias: true,
    normEpsilon: 1e-5,
    normBeforeGate: false,
    timeStepLimit: [0, Number.POSITIVE_INFINITY],
  };
}

/** The Transformer's attention: every head has its own keys; half of each head is rotated. */
export function transformerAttention(size: PresetSize): AttentionConfig {
  const headSize = size.hiddenSize / size.heads;
  return {
    kind: 'attention',
    heads: size.heads,
    keyValueHeads: size.heads,
    headSize,
    bias: false,
    rope: { rotarySize: headSize / 2, theta: 10_000, scaling: { kind: 'none' } },
  };
}

/** A feed-forward layer four times as wide as the model, without gate or bias. */
export function plainMlp(size: PresetSize, activation: Activation): MlpConfig {
  return { kind: 'mlp', innerSize: 4 * size.hiddenSize, activation, gated: false, bias: false };
}
