import { add, mul, type Tensor } from '@hybra/tensor';
import type { Layer, LayerState } from './layer.js';
import { nestParameters } from './parameters.js';
import type { StepContext } from './step-context.js';

/** One of the layers that read the same input side by side. */
export interface ParallelBranch {
  /** Leads the names of its parameters and states. */
  readonly name: string;
  readonly layer: Layer;
  /** What its input is multiplied by. Default is 1. */
  readonly inputMultiplier?: number | undefined;
  /** What its output is multiplied by. Default is 1. */
  readonly outputMultiplier?: number | undefined;
}

/**
 * Layers side by side, their outputs added up (the parallel heads of Falcon-H1, arXiv 2507.22448).
 * State: that of every branch, each name led by the branch's and a dot.
 */
export function parallelLayer(kind: string, branches: readonly ParallelBranch[]): Layer {
  return Object.freeze({
    kind,
    stateSpecs: Object.freeze(
      Object.fromEntries(
        branches.flatMap(({ name, layer }) =>
          Object.entries(layer.stateSpecs).map(([state, spec]) => [`${name}.${state}`, spec]),
        ),
      ),
    ),
    forward(x: Tensor, context: StepContext, state: LayerState) {
      const states: Record<string, Tensor> = {};
      let total: Tensor | undefined;
      for (const { name, layer, inputMultiplier, outputMultiplier } of branches) {
        const own = Object.keys(layer.stateSpecs).map((key) => [key, state[`${name}.${key}`]!] as const);
        const result = layer.forward(scaled(x, inputMultiplier), context, Object.fromEntries(own));
        for (const [key, tensor] of Object.entries(result.state)) states[`${name}.${key}`] = tensor;
        const y = scaled(result.y, outputMultiplier);
        total = total ? add(total, y) : y;
      }
      return { y: total!, state: Object.freeze(states) };
    },
    parameters: () =>
      nestParameters(Object.fromEntries(branches.map(({ name, layer }) => [name, layer.parameters()]))),
  });
}

function scaled(x: Tensor, multiplier = 1): Tensor {
  return multiplier === 1 ? x : mul(x, multiplier);
}
