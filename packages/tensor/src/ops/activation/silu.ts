import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { floats, requireDType } from '../checks.js';
import { add, div } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { exp, neg } from '../elementwise/unary.js';
import { rounded } from '../tolerances.js';
import { widen } from '../widen.js';

export const siluDefinition: OpDefinition = {
  name: 'silu',
  tolerance: rounded,
  infer: ([x]) => {
    requireDType('silu', 'x', x!, floats);
    return [x!];
  },
  decompose: ([x]) => {
    const wide = widen(x!);
    return [cast(div(wide, add(exp(neg(wide)), 1)), x!.dtype)];
  },
};

/**
 * x · σ(x) = x / (1 + e^−x) (Elfwing et al. 2017, also called swish).
 * @param x float, any shape
 * @returns as `x`
 * @throws E_DTYPE
 */
export function silu(x: Tensor): Tensor {
  return recordOne(siluDefinition, [x]);
}
