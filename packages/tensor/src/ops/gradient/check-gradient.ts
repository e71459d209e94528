import type { DType, TensorType } from '@hybra/spec';
import { requireDType, requireSameDType, requireSameShape } from '../checks.js';

const wide: readonly DType[] = ['f32', 'f64'];

/** An argument and its type. */
export type Argument = readonly [name: string, type: TensorType];

/** Checks that the first argument is f32 or f64, and the others of its dtype. @throws E_DTYPE */
export function requireWide(op: string, first: Argument, others: readonly Argument[] = []): void {
  requireDType(op, first[0], first[1], wide);
  for (const other of others) requireSameDType(op, first, other);
}

/** Checks that a gradient is of the type of what it belongs to. @throws E_DTYPE, E_SHAPE */
export function requireGradientOf(op: string, of: Argument, gradient: Argument): void {
  requireSameDType(op, of, gradient);
  requireSameShape(op, of, gradient);
}
