import type { LayerConfig } from './layer-configs.js';

/** How every pre-norm and the final norm normalise. */
export interface NormConfig {
  readonly kind: 'rms' | 'layer';
  readonly epsilon: number;
  /** Whether the stored weight is 1 less than the one applied (LayerNorm-1p, Gemma's RMSNorm). */
  readonly isCentred?: boolean;
}

/** Numbers that a family multiplies its streams by. Absent ones are 1. */
export interface Multipliers {
  /** Of what the embedding gives. */
  readonly embedding?: number;
  /** Of what each layer adds to the residual stream. */
  readonly residual?: number;
  readonly logits?: number;
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
  readonly multipliers?: Multipliers;
  /** Logits are cap · tanh(logits / cap). */
  readonly logitsSoftCap?: number;
}
