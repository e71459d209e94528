import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { max, sum } from '../array/reduce.js';
import { floats, requireDType, requireRank } from '../checks.js';
import { sub } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { exp, log } from '../elementwise/unary.js';
import { accumulated } from '../tolerances.js';
import { widen } from '../widen.js';

export const logSoftmaxDefinition: OpDefinition = {
  name: 'logSoftmax',
  tolerance: accumulated,
  infer: ([x]) => {
    requireDType('logSoftmax', 'x', x!, floats);
    requireRank('logSoftmax', 'x', x!, 1);
    return [x!];
  },
  decompose: ([x]) => {
    const wide = widen(x!);
    const shifted = sub(wide, max(wide, -1, { keepDims: true }));
    return [cast(sub(shifted, log(sum(exp(shifted), -1, { keepDims: true }))), x!.dtype)];
  },
};

/**
 * x − max − log Σ e^(x − max) along the last axis, in float32 or wider.
 * @param x float[…, n]
 * @returns as `x`
 * @throws E_SHAPE, E_DTYPE
 */
export function logSoftmax(x: Tensor): Tensor {
  return recordOne(logSoftmaxDefinition, [x]);
}
