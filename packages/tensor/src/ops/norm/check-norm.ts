import { type Attributes, formatType, HybraError, type TensorType } from '@hybra/spec';
import { floats, requireAttribute, requireDType, requireRank } from '../checks.js';

/** Checks `x`: float[…, W], the vectors over W, and `epsilon`. @throws E_SHAPE, E_DTYPE, E_ARGUMENT */
export function checkNorm(
  op: string,
  x: TensorType,
  vectors: readonly (readonly [string, TensorType])[],
  attributes: Attributes,
): void {
  requireDType(op, 'x', x, floats);
  requireRank(op, 'x', x, 1);
  const width = x.shape[x.shape.length - 1]!;
  for (const [argument, vector] of vectors) {
    requireDType(op, argument, vector, floats);
    if (vector.shape.length !== 1 || vector.shape[0] !== width) {
      throw new HybraError(
        'E_SHAPE',
        `${op}: ${argument} is ${formatType(vector)}, expected [${width}], the last axis of x ${formatType(x)}.`,
        { op, argument, shape: vector.shape, width },
      );
    }
  }
  const { epsilon } = attributes;
  const isSensible = typeof epsilon === 'number' && epsilon >= 0 && Number.isFinite(epsilon);
  requireAttribute(op, attributes, 'epsilon', 'a number from 0', isSensible);
}
