import type { HybridConfig, LayerConfig } from '@hybra/models';

const mamba2: LayerConfig = {
  kind: 'mamba2',
  heads: 4,
  headSize: 8,
  stateSize: 8,
  groups: 2,
  kernelSize: 4,
  chunkSize: 8,
  projectionBias: false,
  convolutionBias: true,
  normEpsilon: 1e-5,
  normBeforeGate: false,
  timeStepLimit: [0, Number.POSITIVE_INFINITY],
};
const attention: LayerConfig = { kind: 'attention', heads: 4, keyValueHeads: 2, headSize: 4, bias: false };
const mlp: LayerConfig = { kind: 'mlp', innerSize: 32, activation: 'gelu', gated: false, bias: false };
const mamba: LayerConfig = {
  kind: 'mamba',
  innerSize: 32,
  stateSize: 4,
  timeStepRank: 2,
  kernelSize: 4,
  projectionBias: false,
  convolutionBias: true,
};

/** A hybrid of every kind of layer with some 10 000 parameters. */
export const tinyHybrid: HybridConfig = {
  family: 'mamba2-hybrid',
  vocabularySize: 17,
  hiddenSize: 16,
  layers: [mamba2, mlp, attention, mlp, mamba],
  norm: { kind: 'rms', epsilon: 1e-5 },
  isTied: false,
};

/** The same without Mamba-1: what nemotron_h can hold. */
export const tinyNemotron: HybridConfig = { ...tinyHybrid, layers: [mamba2, mlp, attention, mlp] };

/** A text that can be learnt: 0 1 2 … 16 with a repeated stretch. */
export function countingTokens(length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => (i * (1 + (Math.floor(i / 17) % 3))) % 17);
}
