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

/** Options of {@link mlpLayer}. */
export interface MlpOptions {
  readonly activation: Activation;
  /** What the gate is multiplied by before its activation, and the output at the end. Default is 1 each. */
  readonly multipliers?: { readonly gate: number; readonly output: number } | undefined;
}

/**
 * down(act(up x)), or down(act(gate x) · up x) where there is a gate (Shazeer 2020). Keeps no state.
 */
export function mlpLayer(parts: MlpParts, options: MlpOptions): Layer {
  const { up, down, gate } = parts;
  const scales = options.multipliers ?? { gate: 1, output: 1 };
  return Object.freeze({
    kind: 'mlp',
    stateSpecs: Object.freeze({}),
    forward: (x: Tensor) => ({
      y: scaled(
        down.forward(
          gate
            ? gated(scaled(gate.forward(x), scales.gate), up.forward(x))
            : activate(options.activation, up.forward(x)),
        ),
        scales.output,
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

function scaled(x: Tensor, multiplier: number): Tensor {
  return multiplier === 1 ? x : mul(x, multiplier);
}
