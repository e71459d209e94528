/*
 * The gated delta net ("Gated Delta Networks: Improving Mamba2 with Delta Rule", Yang et al. 2024, arXiv
 * 2412.06464, §3; as in Qwen3-Next).
 *
 *   q | k | v | z = inProjection(u);   b | a = stepProjection(u)
 *   q | k | v     = silu(conv(q | k | v));   q, k scaled to length 1, q also by 1/√keySize
 *   β = σ(b);   log decay = A · softplus(a + timeStepBias)          A negative, per value head
 *   S ← e^(log decay) S;   S ← S + k ⊗ β (v − Sᵀ k);   y = Sᵀ q
 *   out = outProjection(norm(y) · silu(z))                          the norm runs over each value head
 */
import { type DType, HybraError } from '@hybra/spec';
import {
  add,
  gatedDelta,
  gatedRmsNorm,
  literal,
  mul,
  reshape,
  rsqrt,
  sigmoid,
  softplus,
  split,
  square,
  sum,
  type Tensor,
} from '@hybra/tensor';
import { forgetBefore } from './begin-documents.js';
import { convolveTokens } from './convolve-tokens.js';
import type { Layer, LayerState } from './layer.js';
import type { Linear } from './linear.js';
import { maskPadding } from './mask-padding.js';
import { nestParameters } from './parameters.js';
import type { StepContext } from './step-context.js';

/** The tensors and maps of a gated delta net with G key heads of K and H value heads of V. */
export interface DeltaNetParts {
  /** Model width → 2 G·K + 2 H·V, in the order q | k | v | z. */
  readonly inProjection: Linear;
  /** Model width → 2 H, in the order b | a. */
  readonly stepProjection: Linear;
  /** `f32[2 G·K + H·V, taps]` */
  readonly convolutionWeight: Tensor;
  /** `f32[H]` */
  readonly timeStepBias: Tensor;
  /** A: negative decay rates `f32[H]`. */
  readonly decay: Tensor;
  /** `f32[V]`, one for all heads. */
  readonly normWeight: Tensor;
  /** H·V → model width. */
  readonly outProjection: Linear;
}

/** Sizes of {@link deltaNet}. */
export interface DeltaNetOptions {
  /** Divides `valueHeads`. Value head h reads key head ⌊h · keyHeads / valueHeads⌋. */
  readonly keyHeads: number;
  readonly valueHeads: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly normEpsilon: number;
  /** Dtype in which the state is stored. Default is `f32`; arithmetic is float32 in any case. */
  readonly stateDtype?: DType | undefined;
}

/** Positions per chunk of the parallel form. */
const chunkSize = 64;
/** Added to the squared length of queries and keys (as flash-linear-attention does). */
const lengthEpsilon = 1e-6;

/**
 * A gated delta net.
 * State: `memory` `[H, K, V]` and `convolution` `f32[taps − 1, 2 G·K + H·V]`.
 * @throws E_CONFIG when heads do not divide
 */
export function deltaNet(parts: DeltaNetParts, options: DeltaNetOptions): Layer {
  const { keyHeads, valueHeads, keySize, valueSize } = options;
  if (valueHeads % keyHeads !== 0) {
    throw new HybraError('E_CONFIG', `deltaNet: ${keyHeads} key heads do not divide ${valueHeads}.`, {
      keyHeads,
      valueHeads,
    });
  }
  const [keys, values] = [keyHeads * keySize, valueHeads * valueSize];
  const channels = 2 * keys + values;
  const taps = parts.convolutionWeight.shape[1]!;

  return Object.freeze({
    kind: 'deltaNet',
    stateSpecs: Object.freeze({
      memory: Object.freeze({
        kind: 'fixed',
        shape: [valueHeads, keySize, valueSize],
        dtype: options.stateDtype ?? 'f32',
      }),
      convolution: Object.freeze({ kind: 'fixed', shape: [taps - 1, channels], dtype: 'f32' }),
    } as const),
    forward(u: Tensor, context: StepContext, state: LayerState) {
      const [batch, time] = u.shape as [number, number];
      const [mixed, z] = split(parts.inProjection.forward(u), [channels, values]) as [Tensor, Tensor];
      const { y: qkv, tails } = convolveTokens(
        {
          x: mixed,
          weight: parts.convolutionWeight,
          bias: literal(new Float32Array(channels), [channels], 'f32'),
          tails: state.convolution!,
        },
        context,
        { activation: 'silu' },
      );
      const [q, k, v] = split(qkv, [keys, keys, values]) as [Tensor, Tensor, Tensor];
      const [b, a] = split(parts.stepProjection.forward(u), [valueHeads, valueHeads]) as [Tensor, Tensor];
      const logDecay = forgetBefore(mul(softplus(add(a, parts.timeStepBias)), parts.decay), context);

      const recalled = gatedDelta(
        {
          q: mul(unitLength(reshape(q, [batch, time, keyHeads, keySize])), keySize ** -0.5),
          k: unitLength(reshape(k, [batch, time, keyHeads, keySize])),
          v: reshape(v, [batch, time, valueHeads, valueSize]),
          logDecay: maskPadding(logDecay, context),
          beta: maskPadding(sigmoid(b), context),
          states: state.memory!,
          slots: context.slots,
        },
        { chunkSize },
      );
      const heads = [batch, time, valueHeads, valueSize];
      const normed = gatedRmsNorm(recalled.y, reshape(z, heads), parts.normWeight, {
        epsilon: options.normEpsilon,
        normBeforeGate: true,
      });
      return {
        y: parts.outProjection.forward(reshape(normed, [batch, time, values])),
        state: Object.freeze({ memory: recalled.states, convolution: tails }),
      };
    },
    parameters: () => ({
      ...nestParameters({
        inProjection: parts.inProjection.parameters(),
        stepProjection: parts.stepProjection.parameters(),
        convolution: { weight: parts.convolutionWeight },
        norm: { weight: parts.normWeight },
        outProjection: parts.outProjection.parameters(),
      }),
      timeStepBias: parts.timeStepBias,
      decay: parts.decay,
    }),
  });
}

function unitLength(x: Tensor): Tensor {
  return mul(x, rsqrt(add(sum(square(x), [-1], { keepDims: true }), lengthEpsilon)));
}
