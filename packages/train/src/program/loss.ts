import { type LayerState, stepContext } from '@hybra/layers';
import type { Model } from '@hybra/models';
import { cast, crossEntropy, greaterEqual, iota, literal, reshape, sum, type Tensor } from '@hybra/tensor';

/** What a model makes of rows of tokens. */
export interface TokenLosses {
  /** f32[B · T], nats; 0 where the target is −1. */
  readonly losses: Tensor;
  /** f32[B · T, V] */
  readonly logits: Tensor;
  /** f32: how many targets there are. */
  readonly count: Tensor;
}

/** Rows of tokens, each `i32[B, T]`. */
export interface TokenRows {
  readonly ids: Tensor;
  /** −1 where nothing is to be predicted. */
  readonly targets: Tensor;
  /** Place of each token in its document, where rows are packed. */
  readonly places?: Tensor | undefined;
}

/**
 * The loss of each token of a batch, every row from its initial state. Padding needs no mask of its own: it lies
 * to the right, where causal layers do not look, and its targets are −1.
 */
export function tokenLosses(
  model: Model,
  { ids, targets, places }: TokenRows,
  states: readonly LayerState[],
): TokenLosses {
  const [batch, time] = ids.shape as [number, number];
  const slots = iota([batch]);
  const all = (value: number): Tensor => literal(new Array<number>(batch).fill(value), [batch], 'i32');
  const context = stepContext({ slots, starts: all(0), lengths: all(time), time, places });
  const { hidden } = model.hidden(ids, context, states);
  const logits = reshape(model.logits(hidden), [batch * time, model.vocabularySize]);
  const flat = reshape(targets, [batch * time]);
  return {
    losses: crossEntropy(logits, flat),
    logits,
    count: sum(cast(greaterEqual(flat, 0), 'f32')),
  };
}
