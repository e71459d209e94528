import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { floats, requireDType, requireSameDType, requireSameShape } from '../checks.js';
import { mul } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { rounded } from '../tolerances.js';
import { widen } from '../widen.js';
import { silu } from './silu.js';

export const swigluDefinition: OpDefinition = {
  name: 'swiglu',
  tolerance: rounded,
  infer: ([gate, up]) => {
    requireDType('swiglu', 'gate', gate!, floats);
    requireSameDType('swiglu', ['gate', gate!], ['up', up!]);
    requireSameShape('swiglu', ['gate', gate!], ['up', up!]);
    return [gate!];
  },
  decompose: ([gate, up]) => [cast(mul(silu(widen(gate!)), widen(up!)), gate!.dtype)],
};

/**
 * silu(gate) · up, the gated linear unit of Shazeer 2020 between its projections.
 * @param gate float, any shape
 * @param up as `gate`
 * @returns as `gate`
 * @throws E_SHAPE, E_DTYPE
 */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  return recordOne(swigluDefinition, [gate, up]);
}
