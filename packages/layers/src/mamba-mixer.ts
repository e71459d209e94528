/*
 * The selective state-space layer of Mamba ("Mamba: Linear-Time Sequence Modeling with Selective State Spaces",
 * Gu & Dao 2023, Algorithm 2 and Figure 3).
 *
 * D  channels inside the layer (expand · width of the model)      N  state size per channel
 * R  rank of the time-step projection                             K  taps of the convolution
 * A  decay rates, negative [D, N]     dt  time step > 0 per token and channel     B, C  input and output maps
 *
 *   x | z  = inProjection(u)
 *   x      = silu(conv(x))
 *   dt|B|C = parameterProjection(x);   dt = softplus(timeStepProjection(dt))
 *            each normalised first where there are inner norms (Jamba, arXiv 2403.19887, §6.4; Falcon Mamba)
 *   h_t    = exp(dt A) h_{t-1} + dt B x_t;   y_t = C h_t + skip x_t
 *   out    = outProjection(y silu(z))
 */
import { type DType, HybraError } from '@hybra/spec';
import {
  add,
  literal,
  max,
  mul,
  reshape,
  selectiveScan,
  selectiveStep,
  silu,
  softplus,
  split,
  squeeze,
  type Tensor,
} from '@hybra/tensor';
import { beginDocuments } from './begin-documents.js';
import { convolveTokens } from './convolve-tokens.js';
import type { Layer, LayerState } from './layer.js';
import type { Linear } from './linear.js';
import { maskPadding } from './mask-padding.js';
import type { Norm } from './norm.js';
import { nestParameters, presentParameters } from './parameters.js';
import type { StepContext } from './step-context.js';

/** The tensors and maps of a Mamba layer. */
export interface MambaParts {
  /** Model width → 2 D, in the order x | z. */
  readonly inProjection: Linear;
  /** `f32[D, K]` */
  readonly convolutionWeight: Tensor;
  /** `f32[D]` */
  readonly convolutionBias?: Tensor | undefined;
  /** D → R + 2 N, in the order dt | B | C. */
  readonly parameterProjection: Linear;
  /** Of dt (R), B (N) and C (N) after their projection. */
  readonly innerNorms?: { readonly dt: Norm; readonly B: Norm; readonly C: Norm } | undefined;
  /** R → D, with bias. */
  readonly timeStepProjection: Linear;
  /** A: negative decay rates `f32[D, N]`. */
  readonly decay: Tensor;
  /** `f32[D]`, the D of the paper. */
  readonly skip: Tensor;
  /** D → model width. */
  readonly outProjection: Linear;
}

/** Options of {@link mambaMixer}. */
export interface MambaOptions {
  /** Dtype in which the state is stored. Default is `f32`; arithmetic is float32 in any case. */
  readonly stateDtype?: DType | undefined;
}

/**
 * A Mamba layer. One token runs the recurrence, more run the scan.
 * State: `ssm` `[D, N]` and `convolution` `f32[K − 1, D]`.
 * @throws E_SHAPE
 */
export function mambaMixer(parts: MambaParts, options: MambaOptions = {}): Layer {
  const [width, taps] = parts.convolutionWeight.shape as [number, number];
  const stateSize = parts.decay.shape[1]!;
  const rank = parts.timeStepProjection.inputs;
  if (parts.parameterProjection.outputs !== rank + 2 * stateSize) {
    throw new HybraError(
      'E_SHAPE',
      `mamba: the parameter projection gives ${parts.parameterProjection.outputs} values, expected ${rank} + 2 · ${stateSize}.`,
      { outputs: parts.parameterProjection.outputs, rank, stateSize },
    );
  }
  const bias = parts.convolutionBias ?? literal(new Float32Array(width), [width], 'f32');

  return Object.freeze({
    kind: 'mamba',
    stateSpecs: Object.freeze({
      ssm: Object.freeze({ kind: 'fixed', shape: [width, stateSize], dtype: options.stateDtype ?? 'f32' }),
      convolution: Object.freeze({ kind: 'fixed', shape: [taps - 1, width], dtype: 'f32' }),
    } as const),
    forward(u: Tensor, context: StepContext, state: LayerState) {
      const [xBefore, z] = split(parts.inProjection.forward(u), [width, width]) as [Tensor, Tensor];
      const { y: x, tails } = convolveTokens(
        {
          x: xBefore,
          weight: parts.convolutionWeight,
          bias,
          tails: state.convolution!,
        },
        context,
        { activation: 'silu' },
      ); // [B, T, D]
      const [low, B, C] = normalized(
        split(parts.parameterProjection.forward(x), [rank, stateSize, stateSize]) as [Tensor, Tensor, Tensor],
      );
      const dt = maskPadding(softplus(parts.timeStepProjection.forward(low)), context);
      const scanned = scan({
        ...beginDocuments({ x, dt }, max(parts.decay, -1), context),
        A: parts.decay,
        B,
        C,
        states: state.ssm!,
        slots: context.slots,
      });
      const y = mul(add(scanned.y, mul(x, parts.skip)), silu(z));
      return {
        y: parts.outProjection.forward(y),
        state: Object.freeze({ ssm: scanned.states, convolution: tails }),
      };
    },
    parameters: () => ({
      ...nestParameters({
        inProjection: parts.inProjection.parameters(),
        convolution: presentParameters({ weight: parts.convolutionWeight, bias: parts.convolutionBias }),
        parameterProjection: parts.parameterProjection.parameters(),
        timeStepProjection: parts.timeStepProjection.parameters(),
        outProjection: parts.outProjection.parameters(),
        ...(parts.innerNorms && {
          timeStepNorm: parts.innerNorms.dt.parameters(),
          inputNorm: parts.innerNorms.B.parameters(),
          outputNorm: parts.innerNorms.C.parameters(),
        }),
      }),
      decay: parts.decay,
      skip: parts.skip,
    }),
  });

  function normalized([dt, B, C]: Three): Three {
    const norms = parts.innerNorms;
    return norms ? [norms.dt.forward(dt), norms.B.forward(B), norms.C.forward(C)] : [dt, B, C];
  }
}

type Three = readonly [Tensor, Tensor, Tensor];

type Scan = Parameters<typeof selectiveScan>[0];

function scan(inputs: Scan): { y: Tensor; states: Tensor } {
  if (inputs.x.shape[1] !== 1) return selectiveScan(inputs);
  const { y, states } = selectiveStep({
    ...inputs,
    x: squeeze(inputs.x, 1),
    dt: squeeze(inputs.dt, 1),
    B: squeeze(inputs.B, 1),
    C: squeeze(inputs.C, 1),
  });
  return { y: reshape(y, inputs.x.shape), states };
}
