import { type DType, HybraError } from '@hybra/spec';
import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { requireDeclared, requireRepresentable } from '../checks.js';
import { exact } from '../tolerances.js';

export const fillDefinition: OpDefinition = {
  name: 'fill',
  tolerance: exact,
  infer: (_inputs, { value }, declared) => {
    const type = requireDeclared('fill', declared);
    if (typeof value !== 'number') {
      throw new HybraError('E_ARGUMENT', `fill: value is ${typeof value}, expected a number.`, {
        op: 'fill',
        argument: 'value',
      });
    }
    requireRepresentable('fill', value, type.dtype);
    return [type];
  },
};

/**
 * A tensor with `value` everywhere.
 * @param value any number for floats (also ±∞ and NaN), a whole one for integers, 0 or 1 for `bool`
 * @throws E_SHAPE, E_ARGUMENT
 */
export function fill(shape: readonly number[], value: number, dtype: DType = 'f32'): Tensor {
  return recordOne(fillDefinition, [], { value }, { dtype, shape });
}
