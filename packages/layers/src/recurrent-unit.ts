/*
 * The recurrent block of Griffin ("Griffin: Mixing Gated Linear Recurrences with Local Attention", De et al.
 * 2024, §2.3 and §2.4).
 *
 *   g = act(branch(u))
 *   x = conv(inProjection(u))
 *   r = σ(x Wᵣ + bᵣ);  i = σ(x Wᵢ + bᵢ)          W block-diagonal
 *   a = exp(logRecurrence · r)                    logRecurrence = −8 softplus(Λ), negative, per channel
 *   h ← a h + √(1 − a²) (i · x)
 *   out = outProjection(h · g)
 *
 * At position 0 there is no past: a = 0, so that the input is taken whole, as the reference does.
 */
import {
  add,
  equal,
  matmul,
  mul,
  permute,
  reshape,
  rgLru,
  select,
  sigmoid,
  type Tensor,
  unsqueeze,
} from '@hybra/tensor';
import { type Activation, activate } from './activation.js';
import { convolveTokens } from './convolve-tokens.js';
import type { Layer, LayerState } from './layer.js';
import type { Linear } from './linear.js';
import { maskPadding } from './mask-padding.js';
import { nestParameters, presentParameters } from './parameters.js';
import type { StepContext } from './step-context.js';

/** A block-diagonal map with bias. */
export interface BlockDiagonal {
  /** `f32[blocks, W, W]`: rows in, columns out. */
  readonly weight: Tensor;
  /** `f32[blocks, W]` */
  readonly bias: Tensor;
}

/** The parts of a recurrent block of C channels. */
export interface RecurrentParts {
  /** Model width → C: the gate of the output. */
  readonly branch: Linear;
  /** Model width → C. */
  readonly inProjection: Linear;
  /** `f32[C, K]` */
  readonly convolutionWeight: Tensor;
  /** `f32[C]` */
  readonly convolutionBias: Tensor;
  readonly inputGate: BlockDiagonal;
  readonly recurrenceGate: BlockDiagonal;
  /** `f32[C]`, negative. */
  readonly logRecurrence: Tensor;
  /** C → model width. */
  readonly outProjection: Linear;
}

/** A recurrent block. State: `recurrence` `f32[C]` and `convolution` `f32[K − 1, C]`. */
export function recurrentUnit(parts: RecurrentParts, options: { readonly activation: Activation }): Layer {
  const [channels, taps] = parts.convolutionWeight.shape as [number, number];
  return Object.freeze({
    kind: 'recurrent',
    stateSpecs: Object.freeze({
      recurrence: Object.freeze({ kind: 'fixed', shape: [channels], dtype: 'f32' }),
      convolution: Object.freeze({ kind: 'fixed', shape: [taps - 1, channels], dtype: 'f32' }),
    } as const),
    forward(u: Tensor, context: StepContext, state: LayerState) {
      const { y: x, tails } = convolveTokens(
        {
          x: parts.inProjection.forward(u),
          weight: parts.convolutionWeight,
          bias: parts.convolutionBias,
          tails: state.convolution!,
        },
        context,
        { activation: 'none' },
      ); // [B, T, C]
      const rate = mul(sigmoid(blockDiagonal(x, parts.recurrenceGate)), parts.logRecurrence);
      const isFirst = unsqueeze(equal(context.positions, 0), -1);
      const logDecay = maskPadding(select(isFirst, Number.NEGATIVE_INFINITY, rate), context);
      const { y: h, states } = rgLru({
        x: mul(x, sigmoid(blockDiagonal(x, parts.inputGate))),
        logDecay,
        states: state.recurrence!,
        slots: context.slots,
      });
      const gate = activate(options.activation, parts.branch.forward(u));
      return {
        y: parts.outProjection.forward(mul(h, gate)),
        state: Object.freeze({ recurrence: states, convolution: tails }),
      };
    },
    parameters: () => ({
      ...nestParameters({
        branch: parts.branch.parameters(),
        inProjection: parts.inProjection.parameters(),
        convolution: presentParameters({ weight: parts.convolutionWeight, bias: parts.convolutionBias }),
        inputGate: presentParameters({ ...parts.inputGate }),
        recurrenceGate: presentParameters({ ...parts.recurrenceGate }),
        outProjection: parts.outProjection.parameters(),
      }),
      logRecurrence: parts.logRecurrence,
    }),
  });
}

/** @param x `f32[B, T, blocks · W]` @returns as `x` */
function blockDiagonal(x: Tensor, { weight, bias }: BlockDiagonal): Tensor {
  const [blocks, width] = weight.shape as [number, number, number];
  const byBlock = permute(reshape(x, [-1, blocks, width]), [1, 0, 2]); // [blocks, B·T, W]
  const y = add(matmul(byBlock, weight), unsqueeze(bias, 1));
  return reshape(permute(y, [1, 0, 2]), x.shape);
}
