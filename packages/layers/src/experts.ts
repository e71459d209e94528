import { add, moe, mul, reshape, sigmoid, type Tensor } from '@hybra/tensor';
import type { Activation } from './activation.js';
import type { Layer } from './layer.js';
import type { Linear } from './linear.js';
import { nestParameters, presentParameters } from './parameters.js';
import { type RoutingOptions, routeTokens } from './route-tokens.js';
import type { StepContext } from './step-context.js';

/** The matrices of a mixture of experts. */
export interface ExpertsParts {
  /** D → E. Its weight is float32 where it matters. */
  readonly router: Linear;
  /** `f32[E]`, added to the scores to choose by. */
  readonly correction?: Tensor | undefined;
  /** `[E, F, L]`, L the width that experts read: the model's, or that of `latent`. */
  readonly up: Tensor;
  /** `[E, L, F]` */
  readonly down: Tensor;
  /** `[E, F, L]`, where experts are gated. */
  readonly gate?: Tensor | undefined;
  /** To L before the experts and back after them (LatentMoE). */
  readonly latent?: { readonly in: Linear; readonly out: Linear } | undefined;
  /** An MLP that every token goes through as well. */
  readonly shared?: Layer | undefined;
  /** D → 1: the sigmoid of it multiplies the output of `shared`. */
  readonly sharedGate?: Linear | undefined;
}

/** Options of {@link expertsLayer}. */
export interface ExpertsOptions extends RoutingOptions {
  readonly activation: Activation;
}

/** A mixture of experts, each an MLP without biases, and the shared MLP beside them. Keeps no state. */
export function expertsLayer(parts: ExpertsParts, options: ExpertsOptions): Layer {
  const { router, latent, shared, sharedGate } = parts;
  return Object.freeze({
    kind: 'experts',
    stateSpecs: Object.freeze({}),
    forward(x: Tensor, context: StepContext) {
      const rows = reshape(x, [-1, x.shape.at(-1)!]); // [B·T, D]
      const { ids, weights } = routeTokens(router.forward(rows), parts.correction, options);
      const mixed = moe(
        {
          x: latent ? latent.in.forward(rows) : rows,
          ids,
          weights,
          up: parts.up,
          down: parts.down,
          gate: parts.gate,
        },
        { activation: options.activation },
      );
      const routed = reshape(latent ? latent.out.forward(mixed) : mixed, x.shape);
      if (!shared) return { y: routed, state: Object.freeze({}) };
      const common = shared.forward(x, context, {}).y;
      const opened = sharedGate ? mul(common, sigmoid(sharedGate.forward(x))) : common;
      return { y: add(routed, opened), state: Object.freeze({}) };
    },
    parameters: () =>
      nestParameters({
        router: { ...router.parameters(), ...presentParameters({ correction: parts.correction }) },
        experts: presentParameters({ gate: parts.gate, up: parts.up, down: parts.down }),
        ...(latent && { latentIn: latent.in.parameters(), latentOut: latent.out.parameters() }),
        ...(shared && { shared: shared.parameters() }),
        ...(sharedGate && { sharedGate: sharedGate.parameters() }),
      }),
  });
}
