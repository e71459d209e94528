import type { OpDefinition } from '../../graph/op-definition.js';
import { record } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { slice } from '../../graph/views.js';
import { type Sorted, sort } from '../array/sort.js';
import { floats, requireAttribute, requireDType, requireRank } from '../checks.js';
import { exact } from '../tolerances.js';

export const topKDefinition: OpDefinition = {
  name: 'topK',
  tolerance: exact,
  infer: ([x], attributes) => {
    requireDType('topK', 'x', x!, floats);
    requireRank('topK', 'x', x!, 1);
    const k = attributes.k as number;
    const n = x!.shape[x!.shape.length - 1]!;
    requireAttribute(
      'topK',
      attributes,
      'k',
      `a whole number from 1 to ${n}, the last axis of x`,
      Number.isInteger(k) && k >= 1 && k <= n,
    );
    const shape = [...x!.shape.slice(0, -1), k];
    return [
      { dtype: x!.dtype, shape },
      { dtype: 'i32', shape },
    ];
  },
  decompose: ([x], { k }) => {
    const { values, indices } = sort(x!, { descending: true });
    return [slice(values, -1, 0, k as number), slice(indices, -1, 0, k as number)];
  },
};

/**
 * The k largest along the last axis, largest first; of equals the first. NaN counts as larger than +∞.
 * @param x float[…, n]
 * @param k 1 … n
 * @returns values float[…, k] and indices i32[…, k]
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function topK(x: Tensor, k: number): Sorted {
  const [values, indices] = record(topKDefinition, [x], { k });
  return { values: values!, indices: indices! };
}
