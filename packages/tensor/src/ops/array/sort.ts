import type { OpDefinition } from '../../graph/op-definition.js';
import { record } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { floats, requireAttribute, requireDType, requireRank } from '../checks.js';
import { exact } from '../tolerances.js';

export const sortDefinition: OpDefinition = {
  name: 'sort',
  tolerance: exact,
  infer: ([x], attributes) => {
    requireDType('sort', 'x', x!, floats);
    requireRank('sort', 'x', x!, 1);
    const { descending } = attributes;
    requireAttribute('sort', attributes, 'descending', 'true or false', typeof descending === 'boolean');
    return [x!, { dtype: 'i32', shape: x!.shape }];
  },
};

/** Elements in order and where they came from. */
export interface Sorted {
  /** As the input, or its first k along the last axis. */
  readonly values: Tensor;
  /** i32 of the same shape: indices along the last axis. */
  readonly indices: Tensor;
}

/** Options of {@link sort}. */
export interface SortOptions {
  /** Largest first. Default is `false`. */
  readonly descending?: boolean;
}

/**
 * Sorts along the last axis. Stable: equals keep their order, also when descending. NaN counts as larger than +∞.
 * @param x float[…, n]
 * @throws E_SHAPE, E_DTYPE
 */
export function sort(x: Tensor, options: SortOptions = {}): Sorted {
  const [values, indices] = record(sortDefinition, [x], { descending: options.descending ?? false });
  return { values: values!, indices: indices! };
}
