import { formatType, HybraError } from '@hybra/spec';
import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { floats, requireDType, requireRank } from '../checks.js';
import { exact } from '../tolerances.js';

export const argmaxDefinition: OpDefinition = {
  name: 'argmax',
  tolerance: exact,
  infer: ([x]) => {
    requireDType('argmax', 'x', x!, floats);
    requireRank('argmax', 'x', x!, 1);
    if (x!.shape[x!.shape.length - 1] === 0) {
      throw new HybraError('E_SHAPE', `argmax: x is ${formatType(x!)}: of no elements none is largest.`, {
        op: 'argmax',
        shape: x!.shape,
      });
    }
    return [{ dtype: 'i32', shape: x!.shape.slice(0, -1) }];
  },
};

/**
 * Index of the largest element along the last axis; the first of equals; NaN counts as largest.
 * @param x float[…, n], n at least 1
 * @returns i32[…]
 * @throws E_SHAPE, E_DTYPE
 */
export function argmax(x: Tensor): Tensor {
  return recordOne(argmaxDefinition, [x]);
}
