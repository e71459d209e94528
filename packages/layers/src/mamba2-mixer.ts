/*
 * The Mamba-2 layer ("Transformers are SSMs", Dao & Gu 2024, §6 and §7; in hybrids: arXiv 2406.07887).
 *
 * H  heads   P  head size   N  state size   G  groups that share B and C   K  taps of the convolution
 * A  decay rate per head, negative [H]      dt  time step > 0 per token and head
 *
 *   z | xBC | dt = inProjection(u)
 *   x | B | C    = silu(conv(xBC))
 *   dt           = clamp(softplus(dt + timeStepBias), limit)
 *   h_t          = exp(dt A) h_{t-1} + dt x_t ⊗ B_t;   y_t = h_t C_t + skip x_t
 *   out          = outProjection(norm(y silu(z)))      the norm runs over each of the G groups by itself
 *
 * The MLP that mamba_ssm can put inside the projections (d_ssm < d_inner) is a branch of `parallelLayer`.
 */
import { type DType, HybraError } from '@hybra/spec';
import {
  add,
  clamp,
  gatedRmsNorm,
  literal,
  maximum,
  mul,
  reshape,
  silu,
  softplus,
  split,
  squeeze,
  ssdChunkScan,
  ssdStep,
  type Tensor,
} from '@hybra/tensor';
import { beginDocuments } from './begin-documents.js';
import { convolveTokens } from './convolve-tokens.js';
import type { Layer, LayerState } from './layer.js';
import type { Linear } from './linear.js';
import { maskPadding } from './mask-padding.js';
import { nestParameters, presentParameters } from './parameters.js';
import type { StepContext } from './step-context.js';

/** The tensors and maps of a Mamba-2 layer. */
export interface Mamba2Parts {
  /** Model width → 2 H·P + 2 G·N + H, in the order z | x | B | C | dt. */
  readonly inProjection: Linear;
  /** `f32[H·P + 2 G·N, K]` */
  readonly convolutionWeight: Tensor;
  /** `f32[H·P + 2 G·N]` */
  readonly convolutionBias?: Tensor | undefined;
  /** `f32[H]` */
  readonly timeStepBias: Tensor;
  /** A: negative decay rates `f32[H]`. */
  readonly decay: Tensor;
  /** The D of the paper: `f32[H]`, or `f32[H·P]` with one per channel. */
  readonly skip: Tensor;
  /** `f32[H·P]`; absent: the gate is applied without a norm. */
  readonly normWeight?: Tensor | undefined;
  /** H·P → model width. */
  readonly outProjection: Linear;
}

/** Sizes and variants of {@link mamba2Mixer}. */
export interface Mamba2Options {
  readonly heads: number;
  readonly headSize: number;
  readonly stateSize: number;
  /** Divides `heads`. Head h uses group ⌊h · groups / heads⌋. */
  readonly groups: number;
  /** Positions per chunk of the parallel form. */
  readonly chunkSize: number;
  readonly normEpsilon: number;
  /** norm(y) · silu(z) instead of norm(y · silu(z)). Default is `false`. */
  readonly normBeforeGate?: boolean | undefined;
  /** Groups that the norm runs over. Default is `groups`. */
  readonly normGroups?: number | undefined;
  /** What z, x, B, C and dt are multiplied by after the input projection. Default is 1 each. */
  readonly multipliers?: readonly [number, number, number, number, number] | undefined;
  /** Bounds of dt. Default is 0 and ∞. */
  readonly timeStepLimit?: readonly [number, number] | undefined;
  /** Dtype in which the state is stored. Default is `f32`; arithmetic is float32 in any case. */
  readonly stateDtype?: DType | undefined;
}

/**
 * A Mamba-2 layer. One token runs the recurrence, more run the chunked form.
 * State: `ssm` `[H, P, N]` and `convolution` `f32[K − 1, H·P + 2 G·N]`.
 * @throws E_CONFIG, E_SHAPE
 */
export function mamba2Mixer(parts: Mamba2Parts, options: Mamba2Options): Layer {
  const { heads, headSize, stateSize, groups } = options;
  const inner = heads * headSize;
  const channels = inner + 2 * groups * stateSize;
  const taps = parts.convolutionWeight.shape[1]!;
  if (heads % groups !== 0) {
    throw new HybraError('E_CONFIG', `mamba2: ${groups} groups do not divide ${heads} heads.`, {
      heads,
      groups,
    });
  }
  if (parts.inProjection.outputs !== inner + channels + heads) {
    throw new HybraError(
      'E_SHAPE',
      `mamba2: the input projection gives ${parts.inProjection.outputs} values, expected ${inner} + ${channels} + ${heads} (z | xBC | dt).`,
      { outputs: parts.inProjection.outputs, inner, channels, heads },
    );
  }
  const bias = parts.convolutionBias ?? literal(new Float32Array(channels), [channels], 'f32');
  const [lowest, highest] = options.timeStepLimit ?? [0, Number.POSITIVE_INFINITY];

  return Object.freeze({
    kind: 'mamba2',
    stateSpecs: Object.freeze({
      ssm: Object.freeze({
        kind: 'fixed',
        shape: [heads, headSize, stateSize],
        dtype: options.stateDtype ?? 'f32',
      }),
      convolution: Object.freeze({ kind: 'fixed', shape: [taps - 1, channels], dtype: 'f32' }),
    } as const),
    forward(u: Tensor, context: StepContext, state: LayerState) {
      const [batch, time] = u.shape as [number, number];
      const [z, mixed, rawStep] = split(project(u), [inner, channels, heads]) as [Tensor, Tensor, Tensor];
      const { y: xBC, tails } = convolveTokens(
        {
          x: mixed,
          weight: parts.convolutionWeight,
          bias,
          tails: state.convolution!,
        },
        context,
        { activation: 'silu' },
      ); // [B, T, H·P + 2 G·N]
      const [xFlat, BFlat, CFlat] = split(xBC, [inner, groups * stateSize, groups * stateSize]) as [
        Tensor,
        Tensor,
        Tensor,
      ];
      const x = reshape(xFlat, [batch, time, heads, headSize]);
      const B = reshape(BFlat, [batch, time, groups, stateSize]);
      const C = reshape(CFlat, [batch, time, groups, stateSize]);
      const dt = maskPadding(timeStep(rawStep), context); // [B, T, H]

      const scanned = scan({
        ...beginDocuments({ x, dt }, parts.decay, context),
        A: parts.decay,
        B,
        C,
        states: state.ssm!,
        slots: context.slots,
      });
      const y = add(scanned.y, mul(x, reshape(parts.skip, [heads, -1]))); // skip: [H, 1] or [H, P]
      return {
        y: parts.outProjection.forward(gate(reshape(y, [batch, time, inner]), z)),
        state: Object.freeze({ ssm: scanned.states, convolution: tails }),
      };
    },
    parameters: () => ({
      ...nestParameters({
        inProjection: parts.inProjection.parameters(),
        convolution: presentParameters({ weight: parts.convolutionWeight, bias: parts.convolutionBias }),
        norm: presentParameters({ weight: parts.normWeight }),
        outProjection: parts.outProjection.parameters(),
      }),
      timeStepBias: parts.timeStepBias,
      decay: parts.decay,
      skip: parts.skip,
    }),
  });

  function project(u: Tensor): Tensor {
    const projected = parts.inProjection.forward(u);
    if (!options.multipliers) return projected;
    const widths = [inner, inner, groups * stateSize, groups * stateSize, heads];
    const scales = Float32Array.from(
      widths.flatMap((width, segment) => new Array<number>(width).fill(options.multipliers![segment]!)),
    );
    return mul(projected, literal(scales, [scales.length], 'f32'));
  }

  function timeStep(raw: Tensor): Tensor {
    const step = softplus(add(raw, parts.timeStepBias));
    if (highest < Number.POSITIVE_INFINITY) return clamp(step, lowest, highest);
    return lowest > 0 ? maximum(step, lowest) : step;
  }

  function gate(y: Tensor, z: Tensor): Tensor {
    if (!parts.normWeight) return mul(y, silu(z));
    return gatedRmsNorm(y, z, parts.normWeight, {
      epsilon: options.normEpsilon,
      groups: options.normGroups ?? groups,
      normBeforeGate: options.normBeforeGate ?? false,
    });
  }

  function scan(inputs: Parameters<typeof ssdChunkScan>[0]): { y: Tensor; states: Tensor } {
    if (inputs.x.shape[1] !== 1) return ssdChunkScan(inputs, { chunkSize: options.chunkSize });
    const { y, states } = ssdStep({
      ...inputs,
      x: squeeze(inputs.x, 1),
      dt: squeeze(inputs.dt, 1),
      B: squeeze(inputs.B, 1),
      C: squeeze(inputs.C, 1),
    });
    return { y: reshape(y, inputs.x.shape), states };
  }
}
