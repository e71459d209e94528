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
  /** RMSNorms of time step, B and C inside the layer, with weights (Jamba) or without (Falcon Mamba). */
  readonly innerNorms?: { readonly epsilon: number; readonly hasWeights: boolean };
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
  /** Of the input projection, and of the output projection unless `outputBias` says otherwise. */
  readonly projectionBias: boolean;
  readonly outputBias?: boolean;
  readonly convolutionBias: boolean;
  readonly normEpsilon: number;
  readonly normBeforeGate: boolean;
  /** Absent: there is a gated norm, over `groups` groups. */
  readonly gatedNorm?: 'none' | 'fullWidth';
  /** Whether each channel has a skip of its own, not each head. */
  readonly skipPerChannel?: boolean;
  /** What z, x, B, C and dt are multiplied by after the input projection. */
  readonly multipliers?: readonly [number, number, number, number, number];
  /** Bounds of the time step; the upper one may be ∞. */
  readonly timeStepLimit: readonly [number, number];
}

/** Causal self-attention with grouped queries. */
export interface AttentionConfig {
  readonly kind: 'attention';
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** Of queries, keys and values, and of the output unless `outputBias` says otherwise. */
  readonly bias: boolean;
  readonly outputBias?: boolean;
  /** Absent: no position embedding. */
  readonly rope?: RopeOptions;
  /** Absent: looks back on everything. */
  readonly window?: number;
  /** What products of query and key are multiplied by. Absent: 1/√headSize. */
  readonly scale?: number;
  /** RMSNorms over each query head and each key head. */
  readonly headNorms?: { readonly epsilon: number; readonly isCentred: boolean };
  /** Whether the output of the heads is multiplied by the sigmoid of a projection of the input. */
  readonly hasGate?: boolean;
  /** A causal convolution over queries, keys and values. */
  readonly convolution?: { readonly kernelSize: number; readonly bias: boolean };
}

/** A feed-forward layer. */
export interface MlpConfig {
  readonly kind: 'mlp';
  readonly innerSize: number;
  readonly activation: Activation;
  readonly gated: boolean;
  readonly bias: boolean;
  /** What the gate is multiplied by before its activation, and the output at the end. */
  readonly multipliers?: { readonly gate: number; readonly output: number };
}

/** How tokens choose their experts. */
export interface RouterConfig {
  /** What turns the router's outputs into scores. */
  readonly scores: 'softmax' | 'sigmoid';
  /** Whether the scores of the chosen are divided by their sum. */
  readonly isNormalized: boolean;
  /** What the scores of the chosen are multiplied by at the end. */
  readonly scale: number;
  /** Whether a bias per expert is added to the scores to choose by, and only for that. */
  readonly hasCorrection: boolean;
  /** Experts in equal groups, of which the best few are looked at. */
  readonly groups?: { readonly count: number; readonly chosen: number };
}

/** A mixture of experts (Shazeer et al. 2017): each an MLP without biases. */
export interface ExpertsConfig {
  readonly kind: 'experts';
  readonly experts: number;
  /** Experts per token. */
  readonly chosen: number;
  readonly innerSize: number;
  readonly activation: Activation;
  readonly gated: boolean;
  readonly router: RouterConfig;
  /** Width that tokens are projected to before the experts and back from after them. */
  readonly latent?: { readonly size: number; readonly bias: boolean };
  /** An MLP that every token goes through as well; with a gate, its output is multiplied by the gate's sigmoid. */
  readonly shared?: { readonly innerSize: number; readonly bias: boolean; readonly hasGate: boolean };
}

/** The gated short convolution of LFM2. */
export interface ConvolutionConfig {
  readonly kind: 'convolution';
  readonly kernelSize: number;
  readonly bias: boolean;
}

/** The recurrent block of Griffin with its RG-LRU (De et al. 2024). */
export interface RecurrentConfig {
  readonly kind: 'recurrent';
  /** Channels of the recurrence. */
  readonly innerSize: number;
  /** Blocks of the block-diagonal gates. */
  readonly blocks: number;
  readonly kernelSize: number;
  readonly activation: Activation;
}

/** A gated delta net (Yang et al. 2024). */
export interface DeltaNetConfig {
  readonly kind: 'deltaNet';
  readonly keyHeads: number;
  readonly valueHeads: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly kernelSize: number;
  readonly normEpsilon: number;
}

/** One of the layers of a {@link ParallelConfig}. */
export interface ParallelBranchConfig {
  readonly layer: Mamba2Config | AttentionConfig | MlpConfig;
  readonly inputMultiplier?: number;
  readonly outputMultiplier?: number;
}

/** Layers side by side on the same input, their outputs added up; no two of one kind. */
export interface ParallelConfig {
  readonly kind: 'parallel';
  readonly branches: readonly ParallelBranchConfig[];
}

/** A Mamba-2 layer fed by a Transformer block that several layers share (Zamba2). */
export interface SharedConfig {
  readonly kind: 'shared';
  /** Layers with the same number share the block. */
  readonly block: number;
  /** Whether this layer has a copy of the block for itself. */
  readonly hasOwnCopy?: boolean;
  /** Reads twice the model's width. */
  readonly attention: AttentionConfig;
  readonly mlp: MlpConfig;
  readonly mamba2: Mamba2Config;
  /** Ranks of this layer's own adapters to the shared matrices. */
  readonly adapters: { readonly mlp: number; readonly attention?: number };
}

/** One residual sub-layer, `x + layer(norm(x))`. */
export type LayerConfig =
  | MambaConfig
  | Mamba2Config
  | AttentionConfig
  | MlpConfig
  | ExpertsConfig
  | ConvolutionConfig
  | RecurrentConfig
  | DeltaNetConfig
  | ParallelConfig
  | SharedConfig;
