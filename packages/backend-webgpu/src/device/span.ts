import type { StridedType } from '@hybra/spec';

/** Elements from an operand's first to its last in memory, both included; 0 if it has none. */
export function spanOf(type: Pick<StridedType, 'shape' | 'strides'>): number {
  let last = 0;
  for (let axis = 0; axis < type.shape.length; axis++) {
    if (type.shape[axis] === 0) return 0;
    last += (type.shape[axis]! - 1) * type.strides[axis]!;
  }
  return last + 1;
}
