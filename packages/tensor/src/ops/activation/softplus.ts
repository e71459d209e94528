import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { floats, requireDType } from '../checks.js';
import { add, maximum } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { abs, exp, log1p, neg } from '../elementwise/unary.js';
import { rounded } from '../tolerances.js';
import { widen } from '../widen.js';

export const softplusDefinition: OpDefinition = {
  name: 'softplus',
  tolerance: rounded,
  infer: ([x]) => {
    requireDType('softplus', 'x', x!, floats);
    return [x!];
  },
  decompose: ([x]) => {
    const wide = widen(x!);
    return [cast(add(maximum(wide, 0), log1p(exp(neg(abs(wide))))), x!.dtype)];
  },
};

/**
 * log(1 + eˣ) in the form that neither overflows nor loses small results: max(x, 0) + log1p(e^−|x|).
 * @param x float, any shape
 * @returns as `x`
 * @throws E_DTYPE
 */
export function softplus(x: Tensor): Tensor {
  return recordOne(softplusDefinition, [x]);
}
