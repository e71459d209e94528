import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { broadcastShapes, expandTo, type Operand, toTensors } from '../broadcast.js';
import { requireDType, requireSameDType, requireSameShape } from '../checks.js';
import { exact } from '../tolerances.js';

export const selectDefinition: OpDefinition = {
  name: 'select',
  tolerance: exact,
  infer: ([condition, a, b]) => {
    requireDType('select', 'condition', condition!, ['bool']);
    requireSameDType('select', ['a', a!], ['b', b!]);
    requireSameShape('select', ['a', a!], ['b', b!]);
    requireSameShape('select', ['condition', condition!], ['a', a!]);
    return [a!];
  },
};

/**
 * `a` where the condition holds, else `b`. The branch not taken may be NaN.
 * @param condition bool; the three shapes broadcast
 * @param a any dtype, or a number of the dtype of `b`
 * @param b as `a`
 * @throws E_SHAPE, E_DTYPE; E_ARGUMENT when both branches are numbers
 */
export function select(condition: Tensor, a: Operand, b: Operand): Tensor {
  const [left, right] = toTensors('select', a, b);
  const branches = broadcastShapes('select', left, right);
  const shape = broadcastShapes('select', condition, expandTo(left, branches));
  return recordOne(
    selectDefinition,
    [condition, left, right].map((x) => expandTo(x, shape)),
  );
}
