import type { DType } from '@hybra/spec';
import type { Tensor } from '@hybra/tensor';
import type { ParameterTree } from './parameters.js';
import type { StepContext } from './step-context.js';

/**
 * What a layer keeps of one sequence. States of many sequences lie in pools: `fixed` in `[slots, ...shape]`,
 * `perToken` in `[slots, capacity, ...shape]`.
 */
export interface StateSpec {
  readonly kind: 'fixed' | 'perToken';
  readonly shape: readonly number[];
  readonly dtype: DType;
  /**
   * Only `perToken`, where present: tokens further back than this are never read, so that a ring of
   * `window + T − 1` rows (T the longest chunk) is enough however long the sequence is.
   */
  readonly window?: number;
}

/** Pool tensors of a layer by name, as in its `stateSpecs`. */
export type LayerState = Readonly<Record<string, Tensor>>;

/** What a layer's forward pass gives: its output and the pools with the batch's slots brought up to date. */
export interface LayerResult {
  /** `[B, T, D]` */
  readonly y: Tensor;
  readonly state: LayerState;
}

/** One sub-layer of a model: a pure function over tensors, its parameters and what it keeps of a sequence. */
export interface Layer {
  /**
   * `mamba`, `mamba2`, `attention`, `mlp`, `experts`, `parallel`, `shared`, `convolution`, `recurrent` or
   * `deltaNet`; a word of your own for a layer of your own.
   */
  readonly kind: string;
  readonly stateSpecs: Readonly<Record<string, StateSpec>>;
  /** @param x `f32[B, T, D]` */
  forward(x: Tensor, context: StepContext, state: LayerState): LayerResult;
  parameters(): ParameterTree;
}
