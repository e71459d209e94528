import type { Tensor } from '../../graph/tensor.js';
import { unsqueeze } from '../../graph/views.js';
import { iota } from '../array/iota.js';
import { matmul } from '../array/matmul.js';
import { expandTo } from '../broadcast.js';
import { and, div, equal, less, sub } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { select } from '../elementwise/select.js';

/**
 * (I + L)⁻¹ for a strictly lower triangular L, by blocks that double: with the diagonal blocks of one size
 * inverted in X, those of twice the size are X − X M X, where M is L below the diagonal of each pair of blocks.
 * This substitutes forward, block by block; a product of powers of L instead would cancel sums of binomial size.
 * @param lower float[…, Q, Q], zero on and above the diagonal
 * @returns as `lower`, in O(log Q) nodes
 */
export function invertUnitTriangle(lower: Tensor): Tensor {
  const size = lower.shape[lower.rank - 1]!;
  const row = unsqueeze(iota([size]), 1);
  const column = unsqueeze(iota([size]), 0);
  let inverse = expandTo(cast(equal(row, column), lower.dtype), lower.shape);
  for (let block = 1; block < size; block *= 2) {
    const isPair = equal(div(row, 2 * block), div(column, 2 * block));
    const isBelow = less(div(column, block), div(row, block));
    const between = select(and(isPair, isBelow), lower, 0);
    inverse = sub(inverse, matmul(matmul(inverse, between), inverse));
  }
  return inverse;
}
