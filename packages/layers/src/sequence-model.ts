import type { Device } from '@hybra/spec';
import type { Tensor } from '@hybra/tensor';
import type { LayerState, StateSpec } from './layer.js';
import type { ParameterTree } from './parameters.js';
import type { StepContext } from './step-context.js';

/** A language model as the runner sees it: pure functions over tensors and a description of its state. */
export interface SequenceModel {
  /** Such as `nemotron_h`. */
  readonly family: string;
  readonly vocabularySize: number;
  /** Tokens the model was made for; `undefined` where nothing limits it. */
  readonly contextLength: number | undefined;
  /** Kind of each layer, in order. */
  readonly layerKinds: readonly string[];
  /** SHA-256 in hex that tells this model from others; states carry it. */
  readonly fingerprint: string;
  /** One per layer. */
  readonly stateSpecs: readonly Readonly<Record<string, StateSpec>>[];
  /** One per layer: the device it runs on. */
  readonly devices: readonly Device[];
  /** The device of embedding, final norm and head. */
  readonly device: Device;
  /**
   * @param ids `i32[B, T]` on `device`
   * @param context on `device`; copied to other layers' devices where needed
   * @param states pools of each layer, on its device
   * @returns `hidden`, `f32[B, T, D]` after the final norm, and the new pools
   */
  hidden(
    ids: Tensor,
    context: StepContext,
    states: readonly LayerState[],
  ): { readonly hidden: Tensor; readonly states: readonly LayerState[] };
  /** @param hidden `f32[…, D]` @returns `f32[…, V]` */
  logits(hidden: Tensor): Tensor;
  /** Every parameter by dotted name. */
  parameters(): ParameterTree;
  /** Frees the weights. Idempotent. */
  dispose(): void;
}
