import type { Attributes } from '@hybra/spec';
import type { Tensor } from '@hybra/tensor';

/** A recorded call whose gradient is asked for. */
export interface RuleCall {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Attributes;
  /** The gradient of each output, of its type; `undefined` where nothing depends on it. At least one is there. */
  readonly cotangents: readonly (Tensor | undefined)[];
  /** Which inputs' gradients lead anywhere. */
  readonly wanted: readonly boolean[];
}

/**
 * The vector-Jacobian product of an op: the gradient of each input, in the input's shape, from those of the
 * outputs. `undefined` for an input that has none; `undefined` altogether to go through the decomposition.
 */
export type Rule = (call: RuleCall) => readonly (Tensor | undefined)[] | undefined;

/** A rule of an op with one output: gets its gradient, the inputs and the output. */
export function simple(
  rule: (gradient: Tensor, inputs: readonly Tensor[], output: Tensor) => readonly (Tensor | undefined)[],
): Rule {
  return ({ cotangents, inputs, outputs }) => rule(cotangents[0]!, inputs, outputs[0]!);
}
