import type { Activation, RopeOptions } from '@hybra/layers';

/** A Mamba layer: `Algorithm 2` of Gu & Dao 2023. */
export interface MambaConfig {
  readonly kind: 'mamba';
  /** Channels inside the layer. */
  readonly innerSize: number;
  readonly stateSize: number;
  /** Rank of the time-step projection. */
  readonly timeStepRank: number;
  /** Taps of the convolution, at least 2. */
  readonly kernelSize: number;
  readonly projectionBias: boolean;
  readonly convolutionBias: boolean;
}

/** A Mamba-2 layer (Dao & Gu 2024). Its inner size is heads · headSize. */
export interface Mamba2Config {
  readonly kind: 'mamba2';
  readonly heads: number;
  readonly headSize: number;
  readonly stateSize: number;
  readonly groups: number;
  /** Taps of the convolution, at least 2. */
  readonly kernelSize: number;
  readonly chunkSize: number;
  readonly projectionBias: boolean;
  readonly convolutionBias: boolean;
  readonly normEpsilon: number;
  readonly normBeforeGate: boolean;
  /** Bounds of the time step; the upper one may be ∞. */
  readonly timeStepLimit: readonly [number, number];
}

/** Causal self-attention with grouped queries. */
export interface AttentionConfig {
  readonly kind: 'attention';
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly bias: boolean;
  /** Absent: no position embedding. */
  readonly rope?: RopeOptions;
  /** Absent: looks back on everything. */
  readonly window?: number;
}

/** A feed-forward layer. */
export interface MlpConfig {
  readonly kind: 'mlp';
  readonly innerSize: number;
  readonly activation: Activation;
  readonly gated: boolean;
  readonly bias: boolean;
}

/** One residual sub-layer, `x + layer(norm(x))`. */
export type LayerConfig = MambaConfig | Mamba2Config | AttentionConfig | MlpConfig;

/** How every pre-norm and the final norm normalise. */
export interface NormConfig {
  readonly kind: 'rms' | 'layer';
  readonly epsilon: number;
  /** Only `layer`: whether the stored weight is 1 less than the one applied (LayerNorm-1p). */
  readonly isCentred?: boolean;
}

/** A model of any family: a hybrid is a list of layers. */
export interface HybridConfig {
  readonly family: string;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  /** Tokens the model was made for; absent where nothing limits it. */
  readonly contextLength?: number;
  readonly layers: readonly LayerConfig[];
  readonly norm: NormConfig;
  /** Whether the head is the embedding. */
  readonly isTied: boolean;
}
