import type { HybridConfig, LayerConfig } from '@hybra/models';

const hiddenSize = 64;

const mamba2: LayerConfig = {
  kind: 'mamba2',
  heads: 8,
  headSize: 16,
  stateSize: 16,
  groups: 1,
  kernelSize: 4,
  chunkSize: 32,
  projectionBias: false,
  convolutionBias: true,
  normEpsilon: 1e-5,
  normBeforeGate: false,
  timeStepLimit: [0, Number.POSITIVE_INFINITY],
};

const mlp: LayerConfig = {
  kind: 'mlp',
  innerSize: 4 * hiddenSize,
  activation: 'gelu',
  gated: false,
  bias: false,
};

const attention: LayerConfig = { kind: 'attention', heads: 4, keyValueHeads: 2, headSize: 16, bias: false };

/** A hybrid of the design of arXiv 2406.07887 over bytes, small enough to be trained while one watches. */
export const tinyHybrid: HybridConfig = {
  family: 'mamba2-hybrid',
  vocabularySize: 256,
  hiddenSize,
  layers: [mamba2, mlp, attention, mlp, mamba2, mlp],
  norm: { kind: 'rms', epsilon: 1e-5 },
  isTied: true,
};
