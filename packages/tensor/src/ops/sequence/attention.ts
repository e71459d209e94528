import { formatType, HybraError, isHalf, type TensorType } from '@hybra/spec';
import type { OpDefinition, Tolerance } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { permute, reshape } from '../../graph/views.js';
import { softmax } from '../activation/softmax.js';
import { gatherRows } from '../array/gather-rows.js';
import { matmul } from '../array/matmul.js';
import { floats, requireAttribute, requireDType, requireSameDType } from '../checks.js';
import { mul } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { select } from '../elementwise/select.js';
import { matchShapes } from '../match-shapes.js';
import { accumulated } from '../tolerances.js';
import { computeDType } from '../widen.js';
import { visibleKeys } from './visible-keys.js';

/** Scores of unit queries and keys reach tens; e^score multiplies their absolute error. */
const tolerance: Tolerance = { ...accumulated, f32: { relative: 5e-5, absolute: 2e-5 } };

export const attentionDefinition: OpDefinition = {
  name: 'attention',
  tolerance,
  infer: ([q, k, v, slots, starts, lengths], attributes) => {
    for (const [name, type] of [
      ['q', q!],
      ['k', k!],
      ['v', v!],
    ] as const) {
      requireDType('attention', name, type, floats);
    }
    requireSameDType('attention', ['k', k!], ['v', v!]);
    for (const [name, type] of [
      ['slots', slots!],
      ['starts', starts!],
      ['lengths', lengths!],
    ] as const) {
      requireDType('attention', name, type, ['i32']);
    }
    const { B, T, Hq, Hkv, Dv } = matchShapes('attention', [
      ['q', q!, 'B T Hq D'],
      ['k', k!, 'S C Hkv D'],
      ['v', v!, 'S C Hkv Dv'],
      ['slots', slots!, 'B'],
      ['starts', starts!, 'B'],
      ['lengths', lengths!, 'B'],
    ]);
    requireGroups(q!, k!, Hq!, Hkv!);
    const { scale, window, ring } = attributes;
    requireAttribute('attention', attributes, 'scale', 'a finite number', Number.isFinite(scale));
    const isCount = typeof window === 'number' && Number.isInteger(window) && window >= 0;
    requireAttribute('attention', attributes, 'window', 'a whole number, 0 for all keys', isCount);
    requireAttribute('attention', attributes, 'ring', 'true or false', typeof ring === 'boolean');
    return [{ dtype: q!.dtype, shape: [B!, T!, Hq!, Dv!] }];
  },
  decompose: (inputs, attributes) => {
    const [q, k, v, slots] = inputs as [Tensor, Tensor, Tensor, Tensor];
    const [batch, length, queryHeads, size] = q.shape as [number, number, number, number];
    const [, capacity, keyHeads, valueSize] = v.shape as [number, number, number, number];
    const shared = keyHeads === 0 ? 0 : queryHeads / keyHeads; // queries per key head
    const dtype = computeDType(q, k);
    // A half may stay a half as the second operand of a product in float32.
    const narrow = (x: Tensor): Tensor => (isHalf(x.dtype) && dtype === 'f32' ? x : cast(x, dtype));

    const keys = permute(narrow(gatherRows(k, slots)), [0, 2, 1, 3]); // [B, Hkv, C, D]
    const values = permute(narrow(gatherRows(v, slots)), [0, 2, 1, 3]); // [B, Hkv, C, Dv]
    // The queries of one key head are rows of one product, so that keys and values are never repeated.
    const grouped = reshape(cast(q, dtype), [batch, length, keyHeads, shared, size]);
    const rows = reshape(permute(grouped, [0, 2, 3, 1, 4]), [batch, keyHeads, shared * length, size]);
    const products = matmul(rows, keys, { transposeB: true }); // [B, Hkv, G·T, C]
    const scores = mul(
      reshape(products, [batch, keyHeads, shared, length, capacity]),
      attributes.scale as number,
    );

    const visible = visibleKeys(inputs, attributes.window as number, attributes.ring === true);
    const mask = reshape(visible, [batch, 1, 1, length, capacity]);
    // −∞ before the softmax, whose rows of only −∞ are zeros: queries that see no key.
    const weights = softmax(select(mask, scores, Number.NEGATIVE_INFINITY));
    const mixed = matmul(reshape(weights, products.shape), values); // [B, Hkv, G·T, Dv]
    const split = reshape(mixed, [batch, keyHeads, shared, length, valueSize]);
    const y = reshape(permute(split, [0, 3, 1, 2, 4]), [batch, length, queryHeads, valueSize]);
    return [cast(y, q.dtype)];
  },
};

/** Inputs of {@link attention}. */
export interface AttentionInputs {
  /** float[B, T, Hq, D] */
  readonly q: Tensor;
  /** float[S, C, Hkv, D], the pool of keys; Hkv divides Hq. */
  readonly k: Tensor;
  /** dtype of `k`, [S, C, Hkv, Dv], the pool of values. */
  readonly v: Tensor;
  /** i32[B]; a row whose slot is outside 0 … S − 1 gives zeros. */
  readonly slots: Tensor;
  /** i32[B], position of the first query of each row. */
  readonly starts: Tensor;
  /** i32[B], how many keys exist. */
  readonly lengths: Tensor;
}

/** Options of {@link attention}. */
export interface AttentionOptions {
  /** Multiplies q · k. Default is 1 / √D. */
  readonly scale?: number;
  /** How many keys a query may look back on, itself included. Default is 0: all. */
  readonly window?: number;
  /** Row c of the cache holds the last position below the length that is c modulo C. Default is `false`. */
  readonly ring?: boolean;
}

/**
 * Causal attention over pooled keys and values with grouped queries (Vaswani et al. 2017; Ainslie et al.
 * 2023): head h reads key head ⌊h · Hkv / Hq⌋. Query t of row b has position starts[b] + t and sees keys
 * 0 … lengths[b] − 1 up to its own position. A query without a visible key gives zeros. Softmax in float32 or wider.
 * @returns dtype of `q`, [B, T, Hq, Dv]
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function attention(inputs: AttentionInputs, options: AttentionOptions = {}): Tensor {
  const { q, k, v, slots, starts, lengths } = inputs;
  const { scale = 1 / Math.sqrt(q.shape[3] ?? 1), window = 0, ring = false } = options;
  return recordOne(attentionDefinition, [q, k, v, slots, starts, lengths], { scale, window, ring });
}

function requireGroups(q: TensorType, k: TensorType, queryHeads: number, keyHeads: number): void {
  if (keyHeads === 0 ? queryHeads === 0 : queryHeads % keyHeads === 0) return;
  throw new HybraError(
    'E_SHAPE',
    `attention: q ${formatType(q)} has ${queryHeads} heads, k ${formatType(k)} has ${keyHeads}, expected a divisor.`,
    { op: 'attention', queryHeads, keyHeads },
  );
}
