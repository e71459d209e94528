import { type DType, formatType, HybraError } from '@hybra/spec';
import { attention, cast, concat, mul, reshape, sigmoid, split, type Tensor, writeRows } from '@hybra/tensor';
import { attendDocuments } from './attend-documents.js';
import { cacheRows } from './cache-rows.js';
import { convolveTokens } from './convolve-tokens.js';
import type { Layer, LayerState, StateSpec } from './layer.js';
import type { Linear } from './linear.js';
import type { Norm } from './norm.js';
import { nestParameters, presentParameters } from './parameters.js';
import type { RopeOptions } from './rope-frequencies.js';
import { rotation } from './rotation.js';
import type { StepContext } from './step-context.js';

/** The projections of an attention layer. */
export interface AttentionParts {
  /** D → heads · headSize */
  readonly query: Linear;
  /** D → keyValueHeads · headSize */
  readonly key: Linear;
  /** D → keyValueHeads · headSize */
  readonly value: Linear;
  /** heads · headSize → D */
  readonly output: Linear;
  /** Of each query head and each key head before rotation, over `headSize`. */
  readonly headNorms?: { readonly query: Norm; readonly key: Norm } | undefined;
  /** D → heads · headSize: what attention gives is multiplied by the sigmoid of it. */
  readonly gate?: Linear | undefined;
  /** A causal convolution over query | key | value before rotation: weight `[channels, K]`, bias `[channels]`. */
  readonly convolution?: { readonly weight: Tensor; readonly bias: Tensor } | undefined;
}

/** Sizes and position embedding of an attention layer. */
export interface AttentionOptions {
  readonly heads: number;
  /** Divides `heads`: each key head serves heads / keyValueHeads query heads (Ainslie et al. 2023). */
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** Absent: no position embedding, as in the hybrid of arXiv 2406.07887. */
  readonly rope?: RopeOptions | undefined;
  /** Tokens a query looks back on, itself included. Default is all of them. */
  readonly window?: number | undefined;
  /** What products of query and key are multiplied by. Default is 1/√headSize. */
  readonly scale?: number | undefined;
  /** Dtype of the cached keys and values. Default is `f32`. */
  readonly cacheDtype?: DType | undefined;
}

/**
 * Causal self-attention over a cache of keys and values, with grouped queries.
 * State: `keys` and `values`, each `[keyValueHeads, headSize]` per token, and `convolution`
 * `[K − 1, channels]` where there is one. The pool's capacity must hold every position of a sequence, or
 * `window + T − 1` of them where there is a window.
 * @throws E_CONFIG when heads do not divide
 */
export function attentionLayer(parts: AttentionParts, options: AttentionOptions): Layer {
  const { heads, keyValueHeads, headSize, window } = options;
  if (heads % keyValueHeads !== 0) {
    throw new HybraError(
      'E_CONFIG',
      `attention: ${heads} heads cannot share ${keyValueHeads} key heads evenly.`,
      {
        heads,
        keyValueHeads,
      },
    );
  }
  const rotate = rotation(options.rope, headSize);
  const { convolution, headNorms } = parts;
  const spec: StateSpec = Object.freeze({
    kind: 'perToken',
    shape: Object.freeze([keyValueHeads, headSize]),
    dtype: options.cacheDtype ?? 'f32',
    ...(window !== undefined && { window }),
  });

  return Object.freeze({
    kind: 'attention',
    stateSpecs: Object.freeze({ keys: spec, values: spec, ...convolutionSpec() }),
    forward(x: Tensor, context: StepContext, state: LayerState) {
      const projected = [parts.query, parts.key, parts.value].map((part) => part.forward(x));
      const { mixed: qkv, tails } = mixNeighbours(projected, context, state);
      const queries = inHeads(qkv[0]!, heads);
      const fresh = inHeads(qkv[1]!, keyValueHeads);
      const q = rotate.query(headNorms ? headNorms.query.forward(queries) : queries, context.positions);
      const k = rotate.key(headNorms ? headNorms.key.forward(fresh) : fresh, context.positions);
      const v = inHeads(qkv[2]!, keyValueHeads);

      const { heard, keys, values } = attend({ q, k, v }, context, state);
      const flat = reshape(heard, [...x.shape.slice(0, 2), heads * headSize]);
      const open = parts.gate ? mul(flat, sigmoid(parts.gate.forward(x))) : flat;
      return {
        y: parts.output.forward(open),
        state: Object.freeze({ keys, values, ...(tails && { convolution: tails }) }),
      };
    },
    parameters: () =>
      nestParameters({
        query: parts.query.parameters(),
        key: parts.key.parameters(),
        value: parts.value.parameters(),
        output: parts.output.parameters(),
        ...(parts.gate && { gate: parts.gate.parameters() }),
        ...(headNorms && {
          queryNorm: headNorms.query.parameters(),
          keyNorm: headNorms.key.parameters(),
        }),
        ...(convolution && { convolution: presentParameters(convolution) }),
      }),
  });

  /** @returns what each query hears, `[B, T, heads, headSize]`, and the cache with the new keys and values */
  function attend(fresh: Record<'q' | 'k' | 'v', Tensor>, context: StepContext, state: LayerState) {
    const scale = options.scale ?? headSize ** -0.5;
    const capacity = poolCapacity(state);
    if (context.packed) {
      const heard = attendDocuments(fresh, context, context.packed, { scale, window: window ?? 0 });
      return { heard, keys: state.keys!, values: state.values! };
    }
    const rows = cacheRows(context, { capacity, ring: window !== undefined });
    const keys = store(state.keys!, rows, fresh.k);
    const values = store(state.values!, rows, fresh.v);
    const heard = attention(
      {
        q: fresh.q,
        k: keys,
        v: values,
        slots: context.slots,
        starts: context.starts,
        lengths: context.ends,
      },
      { scale, window: window ?? 0, ring: window !== undefined },
    );
    return { heard, keys, values };
  }

  function convolutionSpec(): Record<string, StateSpec> {
    if (!convolution) return {};
    const [channels, taps] = convolution.weight.shape as [number, number];
    return { convolution: Object.freeze({ kind: 'fixed', shape: [taps - 1, channels], dtype: 'f32' }) };
  }

  function mixNeighbours(
    projected: readonly Tensor[],
    context: StepContext,
    state: LayerState,
  ): { readonly mixed: readonly Tensor[]; readonly tails?: Tensor } {
    if (!convolution) return { mixed: projected };
    const { y, tails } = convolveTokens(
      {
        x: concat(projected, -1),
        ...convolution,
        tails: state.convolution!,
      },
      context,
      { activation: 'none' },
    );
    const widths = [heads, keyValueHeads, keyValueHeads].map((count) => count * headSize);
    return { mixed: split(y, widths), tails };
  }

  /** `[B, T, count · headSize]` → `[B, T, count, headSize]` */
  function inHeads(projected: Tensor, count: number): Tensor {
    return reshape(projected, [...projected.shape.slice(0, 2), count, headSize]);
  }

  function poolCapacity(state: LayerState): number {
    const pool = state.keys;
    if (!pool || !state.values || pool.rank !== 4) {
      throw new HybraError(
        'E_SHAPE',
        `attention: its state is ${pool ? formatType(pool) : 'missing'}, expected keys and values of [slots, capacity, ${keyValueHeads}, ${headSize}].`,
        { shape: pool?.shape },
      );
    }
    return pool.shape[1]!;
  }

  function store(pool: Tensor, rows: Tensor, fresh: Tensor): Tensor {
    const narrow = fresh.dtype === pool.dtype ? fresh : cast(fresh, pool.dtype);
    const flat = reshape(pool, [-1, keyValueHeads, headSize]); // [slots · capacity, ...]
    return reshape(writeRows(flat, rows, reshape(narrow, [-1, keyValueHeads, headSize])), pool.shape);
  }
}
