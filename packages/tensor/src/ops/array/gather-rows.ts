import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { requireDType, requireRank } from '../checks.js';
import { exact } from '../tolerances.js';

export const gatherRowsDefinition: OpDefinition = {
  name: 'gatherRows',
  tolerance: exact,
  infer: ([table, indices]) => {
    requireRank('gatherRows', 'table', table!, 1);
    requireDType('gatherRows', 'indices', indices!, ['i32']);
    return [{ dtype: table!.dtype, shape: [...indices!.shape, ...table!.shape.slice(1)] }];
  },
};

/**
 * Rows of a table: rows[i] = table[indices[i]]. An index outside 0 … R − 1 gives zeros.
 * @param table any dtype, [R, …]
 * @param indices i32 of any shape
 * @returns dtype of `table`, [indices…, …]
 * @throws E_SHAPE, E_DTYPE
 */
export function gatherRows(table: Tensor, indices: Tensor): Tensor {
  return recordOne(gatherRowsDefinition, [table, indices]);
}
