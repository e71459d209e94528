import { add, mul, type Tensor } from '@hybra/tensor';
import type { Layer, LayerState } from './layer.js';
import type { Norm } from './norm.js';
import { nestParameters } from './parameters.js';
import type { StepContext } from './step-context.js';

/** Options of {@link residualBlock}. */
export interface ResidualOptions {
  /** What the layer's output is multiplied by. Default is 1. */
  readonly multiplier?: number | undefined;
}

/** x + multiplier · layer(norm(x)): the block that almost every layer of a hybrid is wrapped in. */
export function residualBlock(norm: Norm, layer: Layer, options: ResidualOptions = {}): Layer {
  const { multiplier = 1 } = options;
  return Object.freeze({
    kind: layer.kind,
    stateSpecs: layer.stateSpecs,
    forward(x: Tensor, context: StepContext, state: LayerState) {
      const { y, state: newState } = layer.forward(norm.forward(x), context, state);
      return { y: add(x, multiplier === 1 ? y : mul(y, multiplier)), state: newState };
    },
    parameters: () => nestParameters({ norm: norm.parameters(), mixer: layer.parameters() }),
  });
}
