import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { max, sum } from '../array/reduce.js';
import { floats, requireDType, requireRank } from '../checks.js';
import { div, equal, sub } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { select } from '../elementwise/select.js';
import { exp } from '../elementwise/unary.js';
import { accumulated } from '../tolerances.js';
import { widen } from '../widen.js';

export const softmaxDefinition: OpDefinition = {
  name: 'softmax',
  tolerance: accumulated,
  infer: ([x]) => {
    requireDType('softmax', 'x', x!, floats);
    requireRank('softmax', 'x', x!, 1);
    return [x!];
  },
  decompose: ([x]) => {
    const wide = widen(x!);
    const largest = max(wide, -1, { keepDims: true });
    // −∞ − (−∞) would be NaN: a row of only −∞ is shifted by 0, has e^x = 0 everywhere, and is divided by 1.
    const shift = select(equal(largest, Number.NEGATIVE_INFINITY), 0, largest);
    const powers = exp(sub(wide, shift));
    const total = sum(powers, -1, { keepDims: true });
    return [cast(div(powers, select(equal(total, 0), 1, total)), x!.dtype)];
  },
};

/**
 * e^(x − max) / Σ e^(x − max) along the last axis, in float32 or wider. A row of only −∞ gives zeros.
 * @param x float[…, n]
 * @returns as `x`
 * @throws E_SHAPE, E_DTYPE
 */
export function softmax(x: Tensor): Tensor {
  return recordOne(softmaxDefinition, [x]);
}
