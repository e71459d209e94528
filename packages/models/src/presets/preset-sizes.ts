/** The numbers that set a preset's size. */
export interface PresetSize {
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  /** Residual layers of the state-space and hybrid designs. */
  readonly layers: number;
  /** Pairs of attention and MLP in the Transformer. */
  readonly transformerLayers: number;
  readonly heads: number;
  /** Key heads of the hybrid's attention. */
  readonly keyValueHeads: number;
  /** State size per channel of Mamba. */
  readonly mambaStateSize: number;
  /** State size of Mamba-2. */
  readonly stateSize: number;
  readonly ssmHeadSize: number;
  readonly groups: number;
  readonly chunkSize: number;
  readonly contextLength: number;
  readonly isTied: boolean;
}

/** `8b` is the paper's; `130m` that of its ablations' scale (24 layers); `5m` trains on a laptop. */
export const presetSizes = {
  '8b': {
    vocabularySize: 256_000,
    hiddenSize: 4096,
    layers: 56,
    transformerLayers: 32,
    heads: 32,
    keyValueHeads: 8,
    mambaStateSize: 128,
    stateSize: 128,
    ssmHeadSize: 64,
    groups: 8,
    chunkSize: 128,
    contextLength: 4096,
    isTied: false,
  },
  '130m': {
    vocabularySize: 50_288,
    hiddenSize: 768,
    layers: 24,
    transformerLayers: 12,
    heads: 12,
    keyValueHeads: 4,
    mambaStateSize: 16,
    stateSize: 128,
    ssmHeadSize: 64,
    groups: 8,
    chunkSize: 128,
    contextLength: 2048,
    isTied: true,
  },
  '5m': {
    vocabularySize: 1024,
    hiddenSize: 256,
    layers: 12,
    transformerLayers: 6,
    heads: 8,
    keyValueHeads: 2,
    mambaStateSize: 16,
    stateSize: 64,
    ssmHeadSize: 32,
    groups: 2,
    chunkSize: 64,
    contextLength: 1024,
    isTied: false,
  },
} as const satisfies Record<string, PresetSize>;
