import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { requireAttribute, requireRepresentable } from '../checks.js';
import { exact } from '../tolerances.js';

export const padDefinition: OpDefinition = {
  name: 'pad',
  tolerance: exact,
  infer: ([x], attributes) => {
    const rank = x!.shape.length;
    const before = attributes.before as readonly number[];
    const after = attributes.after as readonly number[];
    for (const [name, counts] of [
      ['before', before],
      ['after', after],
    ] as const) {
      requireAttribute(
        'pad',
        attributes,
        name,
        `${rank} counts, whole numbers from 0`,
        Array.isArray(counts) &&
          counts.length === rank &&
          counts.every((count) => Number.isInteger(count) && count >= 0),
      );
    }
    requireAttribute('pad', attributes, 'value', 'a number', typeof attributes.value === 'number');
    requireRepresentable('pad', attributes.value as number, x!.dtype);
    return [
      { dtype: x!.dtype, shape: x!.shape.map((extent, axis) => before[axis]! + extent + after[axis]!) },
    ];
  },
};

/**
 * `x` with more elements around it.
 * @param x any dtype
 * @param before how many elements to put before, one count per axis
 * @param after how many to put after, one count per axis
 * @param value what to pad with; default 0
 * @throws E_ARGUMENT
 */
export function pad(x: Tensor, before: readonly number[], after: readonly number[], value = 0): Tensor {
  return recordOne(padDefinition, [x], { before, after, value });
}
