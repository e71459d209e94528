import { formatType, HybraError } from '@hybra/spec';
import type { Tensor } from '@hybra/tensor';
import type { Segment } from './reverse/segment.js';
import { ValueMap } from './reverse/value-map.js';

/** Pieces of a computation that the backward pass records again instead of keeping what they computed. */
export interface Recomputation {
  /**
   * Runs `run` on `inputs` and remembers it as a piece: when gradients are taken, it is recorded again from
   * copies of its inputs (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost"). `run` must record
   * the same each time; it may close over parameters, which get their gradients.
   * @returns what `run` gives: tensors that are computed in it
   * @throws E_ARGUMENT if `run` gives one of its inputs or a window on part of a result
   */
  record(run: (inputs: readonly Tensor[]) => readonly Tensor[], inputs: readonly Tensor[]): readonly Tensor[];
  /** By value of each output. Read by `gradients`. */
  readonly segments: ValueMap<Segment>;
}

/**
 * A set of pieces to record again; hand it to `gradients`.
 * @example
 * const recomputation = createRecomputation();
 * let x = embedded;
 * for (const layer of layers) [x] = recomputation.record(([x]) => [layer(x!)], [x]);
 * const grads = gradients(loss(x), parameters, { recomputation });
 */
export function createRecomputation(): Recomputation {
  const segments = new ValueMap<Segment>();
  return Object.freeze({
    segments,
    record(run: Segment['run'], inputs: readonly Tensor[]): readonly Tensor[] {
      const outputs = run(inputs);
      const segment: Segment = { run, inputs, outputs };
      for (const output of outputs) {
        const isInput = inputs.some(({ value }) => value === output.value);
        if (output.value.kind !== 'call' || isInput || !output.isWhole) {
          throw new HybraError(
            'E_ARGUMENT',
            `recomputation: a piece gives ${formatType(output)}, which is ${isInput ? 'one of its inputs' : 'no whole result of a call'}. Give results, and make views outside.`,
            { shape: output.shape },
          );
        }
        segments.set(output.value, segment);
      }
      return outputs;
    },
  });
}
