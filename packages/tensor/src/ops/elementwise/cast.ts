import type { DType } from '@hybra/spec';
import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { requireDeclared, requireSameShape } from '../checks.js';
import { exact } from '../tolerances.js';

export const castDefinition: OpDefinition = {
  name: 'cast',
  tolerance: exact,
  infer: ([x], _attributes, declared) => {
    const type = requireDeclared('cast', declared);
    requireSameShape('cast', ['x', x!], ['the output', type]);
    return [type];
  },
};

/**
 * `x` in another dtype; `x` itself where it has it already. Float to float rounds to nearest even; float to
 * integer truncates towards 0, saturates, and NaN gives 0; to `bool` is x ≠ 0; integer to integer wraps.
 * @param x any dtype, any shape
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : recordOne(castDefinition, [x], {}, { dtype, shape: x.shape });
}
