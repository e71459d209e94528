import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { unsqueeze } from '../../graph/views.js';
import { cumulativeSum } from '../array/cumulative-sum.js';
import { iota } from '../array/iota.js';
import { floats, requireDType, requireRank } from '../checks.js';
import { less } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { select } from '../elementwise/select.js';
import { accumulated } from '../tolerances.js';
import { widen } from '../widen.js';

export const segmentSumDefinition: OpDefinition = {
  name: 'segmentSum',
  tolerance: accumulated,
  infer: ([x]) => {
    requireDType('segmentSum', 'x', x!, floats);
    requireRank('segmentSum', 'x', x!, 1);
    return [{ dtype: x!.dtype, shape: [...x!.shape, x!.shape[x!.shape.length - 1]!] }];
  },
  decompose: ([x]) => {
    const length = x!.shape[x!.rank - 1]!;
    const row = iota([length, 1], 0);
    const column = iota([1, length], 1);
    // Row i, column j holds x[i] where j < i; summing down a column never subtracts (Listing 1, `segsum`).
    const terms = select(less(column, row), unsqueeze(widen(x!), -1), 0); // […, T, T]
    const sums = cumulativeSum(terms, -2);
    return [cast(select(less(row, column), Number.NEGATIVE_INFINITY, sums), x!.dtype)];
  },
};

/**
 * y[i, j] = x[j + 1] + … + x[i] for j ≤ i, else −∞: the logarithms of the decay from j to i. In the stable
 * form that never subtracts two long sums (Dao & Gu 2024, Listing 1).
 * @param x float[…, T]
 * @returns dtype of `x`, […, T, T]
 * @throws E_SHAPE, E_DTYPE
 */
export function segmentSum(x: Tensor): Tensor {
  return recordOne(segmentSumDefinition, [x]);
}
