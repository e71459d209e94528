import { formatType, HybraError } from '@hybra/spec';
import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import { normalizeAxis, type Tensor } from '../../graph/tensor.js';
import { requireAttribute, requireSameDType } from '../checks.js';
import { exact } from '../tolerances.js';

export const concatDefinition: OpDefinition = {
  name: 'concat',
  tolerance: exact,
  infer: (inputs, attributes) => {
    const first = requireSome(inputs);
    const rank = first.shape.length;
    const axis = attributes.axis as number;
    requireAttribute(
      'concat',
      attributes,
      'axis',
      `an axis of the inputs, from 0 to ${rank - 1}`,
      Number.isInteger(axis) && axis >= 0 && axis < rank,
    );
    let extent = 0;
    for (const [index, input] of inputs.entries()) {
      requireSameDType('concat', ['input 0', first], [`input ${index}`, input]);
      const fits =
        input.shape.length === rank &&
        input.shape.every((size, at) => at === axis || size === first.shape[at]);
      if (!fits) {
        throw new HybraError(
          'E_SHAPE',
          `concat: input ${index} is ${formatType(input)}, input 0 is ${formatType(first)}: only axis ${axis} may differ.`,
          { op: 'concat', index, shapes: [first.shape, input.shape], axis },
        );
      }
      extent += input.shape[axis]!;
    }
    return [{ dtype: first.dtype, shape: first.shape.map((size, at) => (at === axis ? extent : size)) }];
  },
};

/**
 * Tensors laid end to end along one axis.
 * @param xs at least one, of one dtype; all other extents equal
 * @param axis negative counts from the end
 * @throws E_SHAPE, E_DTYPE; E_ARGUMENT when there is none
 */
export function concat(xs: readonly Tensor[], axis = -1): Tensor {
  const at = normalizeAxis(axis, requireSome(xs).rank);
  return xs.length === 1 ? xs[0]! : recordOne(concatDefinition, xs, { axis: at });
}

function requireSome<T>(inputs: readonly T[]): T {
  const first = inputs[0];
  if (first === undefined) {
    throw new HybraError('E_ARGUMENT', 'concat: no inputs, expected at least one.', { op: 'concat' });
  }
  return first;
}
