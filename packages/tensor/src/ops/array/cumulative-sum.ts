import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import { normalizeAxis, type Tensor } from '../../graph/tensor.js';
import { floats, requireAttribute, requireDType } from '../checks.js';
import { accumulated } from '../tolerances.js';

export const cumulativeSumDefinition: OpDefinition = {
  name: 'cumulativeSum',
  tolerance: accumulated,
  infer: ([x], attributes) => {
    requireDType('cumulativeSum', 'x', x!, [...floats, 'i32']);
    const { axis, reverse } = attributes;
    const rank = x!.shape.length;
    requireAttribute(
      'cumulativeSum',
      attributes,
      'axis',
      `an axis of x, from 0 to ${rank - 1}`,
      typeof axis === 'number' && Number.isInteger(axis) && axis >= 0 && axis < rank,
    );
    requireAttribute('cumulativeSum', attributes, 'reverse', 'true or false', typeof reverse === 'boolean');
    return [x!];
  },
};

/** Options of {@link cumulativeSum}. */
export interface CumulativeSumOptions {
  /** Sum from the end: yₜ = xₜ + … + x₍ₙ₋₁₎. Default is `false`. */
  readonly reverse?: boolean;
}

/**
 * Running sums, yₜ = x₀ + … + xₜ, accumulated in float32 or wider.
 * @param x float or i32, at least one axis
 * @param axis negative counts from the end; default the last
 * @throws E_SHAPE, E_DTYPE
 */
export function cumulativeSum(x: Tensor, axis = -1, options: CumulativeSumOptions = {}): Tensor {
  const attributes = { axis: normalizeAxis(axis, x.rank), reverse: options.reverse ?? false };
  return recordOne(cumulativeSumDefinition, [x], attributes);
}
