import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { exact } from '../tolerances.js';

export const copyDefinition: OpDefinition = {
  name: 'copy',
  tolerance: exact,
  infer: ([x]) => [x!],
};

/** The elements of `x` in a contiguous value of their own. */
export function copy(x: Tensor): Tensor {
  return recordOne(copyDefinition, [x]);
}
