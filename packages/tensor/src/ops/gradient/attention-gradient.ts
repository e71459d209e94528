import type { OpDefinition, Tolerance } from '../../graph/op-definition.js';
import { record } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { permute, reshape } from '../../graph/views.js';
import { softmax } from '../activation/softmax.js';
import { fill } from '../array/fill.js';
import { gatherRows } from '../array/gather-rows.js';
import { matmul } from '../array/matmul.js';
import { sum } from '../array/reduce.js';
import { scatterAddRows } from '../array/scatter-rows.js';
import { mul, sub } from '../elementwise/binary.js';
import { select } from '../elementwise/select.js';
import { matchShapes } from '../match-shapes.js';
import { type AttentionInputs, type AttentionOptions, attentionDefinition } from '../sequence/attention.js';
import { visibleKeys } from '../sequence/visible-keys.js';
import { accumulated } from '../tolerances.js';
import { requireWide } from './check-gradient.js';

const op = 'attentionGradient';

/** As that of attention, whose weights are computed again. */
const tolerance: Tolerance = { ...accumulated, f32: { relative: 5e-5, absolute: 5e-5 } };

export const attentionGradientDefinition: OpDefinition = {
  name: op,
  tolerance,
  infer: (inputs, attributes) => {
    const [q, k, v, , , , dy] = inputs;
    requireWide(
      op,
      ['q', q!],
      [
        ['k', k!],
        ['v', v!],
        ['dy', dy!],
      ],
    );
    attentionDefinition.infer(inputs.slice(0, 6), attributes, undefined);
    matchShapes(op, [
      ['q', q!, 'B T Hq D'],
      ['v', v!, 'S C Hkv Dv'],
      ['dy', dy!, 'B T Hq Dv'],
    ]);
    return [q!, k!, v!];
  },
  decompose: (inputs, attributes) => {
    const [q, k, v, slots, , , dy] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
    const [batch, length, queryHeads] = q.shape as [number, number, number];
    const [, capacity, keyHeads] = v.shape as [number, number, number];
    const shared = keyHeads === 0 ? 0 : queryHeads / keyHeads; // queries per key head
    const scale = attributes.scale as number;
    const perHead = (cache: Tensor): Tensor => permute(gatherRows(cache, slots), [0, 2, 1, 3]);
    // The queries of one key head are rows of one product.
    const asRows = (x: Tensor): Tensor => {
      const grouped = reshape(x, [batch, length, keyHeads, shared, x.shape[3]!]);
      return reshape(permute(grouped, [0, 2, 3, 1, 4]), [batch, keyHeads, shared * length, x.shape[3]!]);
    };
    const keys = perHead(k); // [B, Hkv, C, D]
    const values = perHead(v); // [B, Hkv, C, Dv]
    const rows = asRows(q); // [B, Hkv, G·T, D]
    const arriving = asRows(dy); // [B, Hkv, G·T, Dv]
    const scores = mul(matmul(rows, keys, { transposeB: true }), scale);
    const split = [batch, keyHeads, shared, length, capacity];
    const visible = visibleKeys(inputs, attributes.window as number, attributes.ring === true);
    const mask = reshape(visible, [batch, 1, 1, length, capacity]);
    const masked = select(mask, reshape(scores, split), Number.NEGATIVE_INFINITY);
    const weights = reshape(softmax(masked), scores.shape);
    const dweights = matmul(arriving, values, { transposeB: true });
    const mean = sum(mul(dweights, weights), -1, { keepDims: true });
    const dscores = mul(mul(weights, sub(dweights, mean)), scale);
    const drows = reshape(matmul(dscores, keys), [batch, keyHeads, shared, length, q.shape[3]!]);
    const dkeys = matmul(dscores, rows, { transposeA: true }); // [B, Hkv, C, D]
    const dvalues = matmul(weights, arriving, { transposeA: true });
    const toPool = (each: Tensor, pool: Tensor): Tensor =>
      scatterAddRows(fill(pool.shape, 0, pool.dtype), slots, permute(each, [0, 2, 1, 3]));
    return [reshape(permute(drows, [0, 3, 1, 2, 4]), q.shape), toPool(dkeys, k), toPool(dvalues, v)];
  },
};

/**
 * The gradient of `attention`.
 * @param inputs as the op's, all floats f32 or all f64
 * @param dy what arrives at the output, of its type
 * @returns gradients of `q`, `k` and `v`
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function attentionGradient(
  inputs: AttentionInputs,
  dy: Tensor,
  options: Required<AttentionOptions>,
): { dq: Tensor; dk: Tensor; dv: Tensor } {
  const { q, k, v, slots, starts, lengths } = inputs;
  const { scale, window, ring } = options;
  const attributes = { scale, window, ring };
  const outputs = record(attentionGradientDefinition, [q, k, v, slots, starts, lengths, dy], attributes);
  const [dq, dk, dv] = outputs;
  return { dq: dq!, dk: dk!, dv: dv! };
}
