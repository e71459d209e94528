import { mul, swiglu, type Tensor } from '@hybra/tensor';
import { type Activation, activate } from './activation.js';
import type { Layer } from './layer.js';
import type { Linear } from './linear.js';
import { nestParameters } from './parameters.js';

/** The matrices of an MLP: `gate` only where it is gated. */
export interface MlpParts {
  /** D → F */
  readonly up: Linear;
  /** F → D */
  readonly down: Linear;
  /** D → F */
  readonly gate?: Linear | undefined;
}

/**
 * down(act(up x)), or down(act(gate x) · up x) where there is a gate (Shazeer 2020). Keeps no state.
 */
export function mlpLayer(parts: MlpParts, options: { readonly activation: Activation }): Layer {
  const { up, down, gate } = parts;
  return Object.freeze({
    kind: 'mlp',
    stateSpecs: Object.freeze({}),
    forward: (x: Tensor) => ({
      y: down.forward(
        gate ? gated(gate.forward(x), up.forward(x)) : activate(options.activation, up.forward(x)),
      ),
      state: Object.freeze({}),
    }),
    parameters: () =>
      nestParameters({
        ...(gate && { gate: gate.parameters() }),
        up: up.parameters(),
        down: down.parameters(),
      }),
  });

  function gated(opened: Tensor, value: Tensor): Tensor {
    if (options.activation === 'silu') return swiglu(opened, value);
    return mul(activate(options.activation, opened), value);
  }
}
