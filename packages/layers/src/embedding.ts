import { cast, gatherRows, matmul, type Tensor } from '@hybra/tensor';
import type { ParameterTree } from './parameters.js';

/** A table of one row per token, read by id on the way in and, where tied, multiplied by on the way out. */
export interface Embedding {
  /** @param ids `i32[…]`; an id outside the table gives zeros @returns `f32[…, D]` */
  forward(ids: Tensor): Tensor;
  /** The tied head: `f32[…, D]` → `f32[…, V]`. */
  logits(hidden: Tensor): Tensor;
  parameters(): ParameterTree;
}

/** @param weight `[V, D]` in any float dtype */
export function embedding(weight: Tensor): Embedding {
  return Object.freeze({
    forward(ids: Tensor): Tensor {
      const rows = gatherRows(weight, ids); // [..., D]
      return weight.dtype === 'f32' ? rows : cast(rows, 'f32');
    },
    logits: (hidden: Tensor): Tensor => matmul(hidden, weight, { transposeB: true }),
    parameters: () => Object.freeze({ weight }),
  });
}
