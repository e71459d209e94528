/*
 * The gated short convolution of LFM2 (Liquid AI 2025, arXiv 2511.23404, §2.1).
 *
 *   B | C | x = inProjection(u)
 *   y         = outProjection(C · conv(B · x))
 */
import { literal, mul, split, type Tensor } from '@hybra/tensor';
import { convolveTokens } from './convolve-tokens.js';
import type { Layer, LayerState } from './layer.js';
import type { Linear } from './linear.js';
import { nestParameters, presentParameters } from './parameters.js';
import type { StepContext } from './step-context.js';

/** The tensors of a short convolution. */
export interface ShortConvolutionParts {
  /** Model width → 3 D, in the order B | C | x. */
  readonly inProjection: Linear;
  /** `f32[D, K]` */
  readonly convolutionWeight: Tensor;
  /** `f32[D]` */
  readonly convolutionBias?: Tensor | undefined;
  /** D → model width. */
  readonly outProjection: Linear;
}

/** A gated convolution over the last K tokens. State: `convolution` `f32[K − 1, D]`. */
export function shortConvolution(parts: ShortConvolutionParts): Layer {
  const [width, taps] = parts.convolutionWeight.shape as [number, number];
  const bias = parts.convolutionBias ?? literal(new Float32Array(width), [width], 'f32');
  return Object.freeze({
    kind: 'convolution',
    stateSpecs: Object.freeze({
      convolution: Object.freeze({ kind: 'fixed', shape: [taps - 1, width], dtype: 'f32' }),
    } as const),
    forward(u: Tensor, context: StepContext, state: LayerState) {
      const [B, C, x] = split(parts.inProjection.forward(u), [width, width, width]) as [
        Tensor,
        Tensor,
        Tensor,
      ];
      const { y, tails } = convolveTokens(
        {
          x: mul(B, x),
          weight: parts.convolutionWeight,
          bias,
          tails: state.convolution!,
        },
        context,
        { activation: 'none' },
      );
      return {
        y: parts.outProjection.forward(mul(C, y)),
        state: Object.freeze({ convolution: tails }),
      };
    },
    parameters: () =>
      nestParameters({
        inProjection: parts.inProjection.parameters(),
        convolution: presentParameters({ weight: parts.convolutionWeight, bias: parts.convolutionBias }),
        outProjection: parts.outProjection.parameters(),
      }),
  });
}
