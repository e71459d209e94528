import { add, type Tensor } from '@hybra/tensor';
import type { Layer, LayerState } from './layer.js';
import type { Norm } from './norm.js';
import { nestParameters } from './parameters.js';
import type { StepContext } from './step-context.js';

/** x + layer(norm(x)): the one block that every layer of a hybrid is wrapped in. */
export function residualBlock(norm: Norm, layer: Layer): Layer {
  return Object.freeze({
    kind: layer.kind,
    stateSpecs: layer.stateSpecs,
    forward(x: Tensor, context: StepContext, state: LayerState) {
      const result = layer.forward(norm.forward(x), context, state);
      return { y: add(x, result.y), state: result.state };
    },
    parameters: () => nestParameters({ norm: norm.parameters(), mixer: layer.parameters() }),
  });
}
