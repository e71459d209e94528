import type { DType } from '@hybra/spec';
import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import { normalizeAxis, type Tensor } from '../../graph/tensor.js';
import { requireAttribute, requireDeclared, requireDType } from '../checks.js';
import { exact } from '../tolerances.js';

export const iotaDefinition: OpDefinition = {
  name: 'iota',
  tolerance: exact,
  infer: (_inputs, attributes, declared) => {
    const type = requireDeclared('iota', declared);
    requireDType('iota', 'the output', type, ['f32', 'i32', 'u32']);
    const axis = attributes.axis as number;
    const rank = type.shape.length;
    requireAttribute(
      'iota',
      attributes,
      'axis',
      `an axis of the shape, from 0 to ${rank - 1}`,
      Number.isInteger(axis) && axis >= 0 && axis < rank,
    );
    return [type];
  },
};

/**
 * 0, 1, 2, … along one axis, the same along all others.
 * @param axis negative counts from the end
 * @param dtype f32, i32 or u32; default `i32`
 * @throws E_SHAPE, E_DTYPE
 */
export function iota(shape: readonly number[], axis = -1, dtype: DType = 'i32'): Tensor {
  return recordOne(iotaDefinition, [], { axis: normalizeAxis(axis, shape.length) }, { dtype, shape });
}
