import type { Tensor } from '@hybra/tensor';

/** A piece of a computation that is recorded again, from copies of its inputs, when its gradient is taken. */
export interface Segment {
  readonly run: (inputs: readonly Tensor[]) => readonly Tensor[];
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}
