import { add, type Tensor } from '@hybra/tensor';
import type { Linear } from './linear.js';
import { nestParameters } from './parameters.js';

/** A linear map of low rank: down to the rank, up from it. */
export interface Adapter {
  /** inputs → rank */
  readonly down: Linear;
  /** rank → outputs */
  readonly up: Linear;
}

/** base(x) + up(down(x)): a shared matrix with an adapter of its own (LoRA, Hu et al. 2021). */
export function adaptedLinear(base: Linear, adapter: Adapter): Linear {
  return Object.freeze({
    inputs: base.inputs,
    outputs: base.outputs,
    forward: (x: Tensor): Tensor => add(base.forward(x), adapter.up.forward(adapter.down.forward(x))),
    parameters: () => ({
      ...base.parameters(),
      ...nestParameters({ down: adapter.down.parameters(), up: adapter.up.parameters() }),
    }),
  });
}
