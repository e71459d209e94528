import { type DType, dtypes, formatType, HybraError, type OpName } from '@hybra/spec';
import type { OpDefinition, Tolerance } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { requireDType, requireRank, requireSameDType, sameShape } from '../checks.js';
import { accumulated, exact } from '../tolerances.js';

function scatterDefinition(name: OpName, tolerance: Tolerance, allowed: readonly DType[]): OpDefinition {
  return {
    name,
    tolerance,
    infer: ([target, indices, rows]) => {
      requireDType(name, 'target', target!, allowed);
      requireRank(name, 'target', target!, 1);
      requireDType(name, 'indices', indices!, ['i32']);
      requireSameDType(name, ['target', target!], ['rows', rows!]);
      const expected = [indices!.shape[0]!, ...target!.shape.slice(1)];
      if (indices!.shape.length !== 1 || !sameShape(rows!.shape, expected)) {
        throw new HybraError(
          'E_SHAPE',
          `${name}: target is ${formatType(target!)}, indices ${formatType(indices!)}, rows ${formatType(rows!)}, expected [R, …], [n] and [n, …].`,
          { op: name, shapes: [target!.shape, indices!.shape, rows!.shape] },
        );
      }
      return [target!];
    },
  };
}

export const scatterAddRowsDefinition: OpDefinition = scatterDefinition('scatterAddRows', accumulated, [
  'f32',
  'f64',
  'i32',
]);
export const writeRowsDefinition: OpDefinition = scatterDefinition('writeRows', exact, dtypes);

/**
 * `target` with rows[i] added at indices[i], in order. An index outside 0 … R − 1 is skipped.
 * @param target f32, f64 or i32, [R, …]
 * @param indices i32[n]; may repeat
 * @param rows dtype of `target`, [n, …]
 * @throws E_SHAPE, E_DTYPE
 */
export function scatterAddRows(target: Tensor, indices: Tensor, rows: Tensor): Tensor {
  return recordOne(scatterAddRowsDefinition, [target, indices, rows]);
}

/**
 * `target` with rows[i] in place of row indices[i]. An index outside 0 … R − 1 is skipped. Where the old
 * value has no later use the row is written in place.
 * @param target any dtype, [R, …]
 * @param indices i32[n]; those that are not skipped are distinct
 * @param rows dtype of `target`, [n, …]
 * @throws E_SHAPE, E_DTYPE
 */
export function writeRows(target: Tensor, indices: Tensor, rows: Tensor): Tensor {
  return recordOne(writeRowsDefinition, [target, indices, rows]);
}
