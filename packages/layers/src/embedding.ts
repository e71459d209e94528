import {
  cast,
  gatherQuantizedRows,
  gatherRows,
  isQuantizedWeight,
  matmul,
  quantizedMatmul,
  type Tensor,
} from '@hybra/tensor';
import type { ParameterTree } from './parameters.js';
import { type Weight, weightParameters } from './weight.js';

/** A table of one row per token, read by id on the way in and, where tied, multiplied by on the way out. */
export interface Embedding {
  /** @param ids `i32[…]`; an id outside the table gives zeros @returns `f32[…, D]` */
  forward(ids: Tensor): Tensor;
  /** The tied head: `f32[…, D]` → `f32[…, V]`. */
  logits(hidden: Tensor): Tensor;
  parameters(): ParameterTree;
}

/** @param weight `[V, D]` in any float dtype, or quantised: rows and logits then come from the same codes */
export function embedding(weight: Weight): Embedding {
  const parameters = (): ParameterTree => Object.freeze(weightParameters('weight', weight));
  if (isQuantizedWeight(weight)) {
    return Object.freeze({
      forward: (ids: Tensor): Tensor => gatherQuantizedRows(weight, ids),
      logits: (hidden: Tensor): Tensor => quantizedMatmul(hidden, weight),
      parameters,
    });
  }
  return Object.freeze({
    forward(ids: Tensor): Tensor {
      const rows = gatherRows(weight, ids); // [..., D]
      return weight.dtype === 'f32' ? rows : cast(rows, 'f32');
    },
    logits: (hidden: Tensor): Tensor => matmul(hidden, weight, { transposeB: true }),
    parameters,
  });
}
