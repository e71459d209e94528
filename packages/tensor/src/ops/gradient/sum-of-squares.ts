import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { sum } from '../array/reduce.js';
import { square } from '../elementwise/derived.js';
import { accumulated } from '../tolerances.js';
import { requireWide } from './check-gradient.js';

export const sumOfSquaresDefinition: OpDefinition = {
  name: 'sumOfSquares',
  tolerance: accumulated,
  infer: ([x]) => {
    requireWide('sumOfSquares', ['x', x!]);
    return [{ dtype: x!.dtype, shape: [] }];
  },
  decompose: ([x]) => [sum(square(x!))],
};

/**
 * Σ x² over all elements, accumulated in float32 or wider.
 * @param x f32 or f64
 * @returns a scalar of its dtype
 * @throws E_DTYPE
 */
export function sumOfSquares(x: Tensor): Tensor {
  return recordOne(sumOfSquaresDefinition, [x]);
}
