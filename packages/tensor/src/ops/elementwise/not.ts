import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { requireDType } from '../checks.js';
import { exact } from '../tolerances.js';

export const notDefinition: OpDefinition = {
  name: 'not',
  tolerance: exact,
  infer: ([x]) => {
    requireDType('not', 'x', x!, ['bool']);
    return [x!];
  },
};

/** Logical not. @param x bool, any shape @throws E_DTYPE */
export function not(x: Tensor): Tensor {
  return recordOne(notDefinition, [x]);
}
