import { type DType, formatType, HybraError } from '@hybra/spec';
import { attention, cast, literal, reshape, rope, type Tensor, writeRows } from '@hybra/tensor';
import { cacheRows } from './cache-rows.js';
import type { Layer, LayerState, StateSpec } from './layer.js';
import type { Linear } from './linear.js';
import { nestParameters } from './parameters.js';
import { type RopeOptions, ropeFrequencies } from './rope-frequencies.js';
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
  /** Dtype of the cached keys and values. Default is `f32`. */
  readonly cacheDtype?: DType | undefined;
}

/**
 * Causal self-attention over a cache of keys and values, with grouped queries.
 * State: `keys` and `values`, each `[keyValueHeads, headSize]` per token. The pool's capacity must hold every
 * position of a sequence, or `window + T − 1` of them where there is a window.
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
  const frequencies = options.rope && ropeFrequencies(options.rope);
  const spec: StateSpec = Object.freeze({
    kind: 'perToken',
    shape: Object.freeze([keyValueHeads, headSize]),
    dtype: options.cacheDtype ?? 'f32',
    ...(window !== undefined && { window }),
  });

  return Object.freeze({
    kind: 'attention',
    stateSpecs: Object.freeze({ keys: spec, values: spec }),
    forward(x: Tensor, context: StepContext, state: LayerState) {
      const q = rotate(inHeads(parts.query.forward(x), heads), context);
      const k = rotate(inHeads(parts.key.forward(x), keyValueHeads), context);
      const v = inHeads(parts.value.forward(x), keyValueHeads);

      const capacity = poolCapacity(state);
      const rows = cacheRows(context, { capacity, ring: window !== undefined });
      const keys = store(state.keys!, rows, k);
      const values = store(state.values!, rows, v);
      const mixed = attention(
        { q, k: keys, v: values, slots: context.slots, starts: context.starts, lengths: context.ends },
        { scale: headSize ** -0.5, window: window ?? 0, ring: window !== undefined },
      ); // [B, T, heads, headSize]
      const y = parts.output.forward(reshape(mixed, [...x.shape.slice(0, 2), heads * headSize]));
      return { y, state: Object.freeze({ keys, values }) };
    },
    parameters: () =>
      nestParameters({
        query: parts.query.parameters(),
        key: parts.key.parameters(),
        value: parts.value.parameters(),
        output: parts.output.parameters(),
      }),
  });

  function rotate(projected: Tensor, context: StepContext): Tensor {
    if (!frequencies) return projected;
    const inverseFrequencies = literal(frequencies, [frequencies.length], 'f32');
    return rope(projected, context.positions, inverseFrequencies, { interleaved: false });
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
