import { formatType, HybraError, type TensorType } from '@hybra/spec';
import { Tensor } from '../graph/tensor.js';
import { expand } from '../graph/views.js';
import { scalar } from './array/literal.js';
import { sameShape } from './checks.js';

/** A tensor, or a number that stands for a scalar of the other operand's dtype. */
export type Operand = Tensor | number;

/**
 * Two operands as tensors of one shape, by NumPy's rule: aligned at the last axis, extents of 1 repeat.
 * Expanded operands are views.
 * @throws E_SHAPE when an extent differs and neither is 1; E_ARGUMENT when both are numbers
 */
export function broadcastPair(op: string, a: Operand, b: Operand): [Tensor, Tensor] {
  const [left, right] = toTensors(op, a, b);
  const shape = broadcastShapes(op, left, right);
  return [expandTo(left, shape), expandTo(right, shape)];
}

/** Numbers among the operands as scalars of the other's dtype. @throws E_ARGUMENT when there is no tensor */
export function toTensors(op: string, a: Operand, b: Operand): [Tensor, Tensor] {
  if (typeof a === 'number' && typeof b === 'number') {
    throw new HybraError(
      'E_ARGUMENT',
      `${op}: both operands are numbers, so there is no dtype. Make one with scalar(value, dtype).`,
      { op },
    );
  }
  if (typeof a === 'number') return [scalar(a, requireTensor(op, b).dtype), requireTensor(op, b)];
  if (typeof b === 'number') return [requireTensor(op, a), scalar(b, requireTensor(op, a).dtype)];
  return [requireTensor(op, a), requireTensor(op, b)];
}

/** `x` as a view of `shape`, or `x` itself where it has that shape already. */
export function expandTo(x: Tensor, shape: readonly number[]): Tensor {
  return sameShape(x.shape, shape) ? x : expand(x, shape);
}

/** The shape that two tensors meet in. @throws E_SHAPE */
export function broadcastShapes(op: string, a: TensorType, b: TensorType): number[] {
  const rank = Math.max(a.shape.length, b.shape.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a.shape[axis - rank + a.shape.length] ?? 1;
    const right = b.shape[axis - rank + b.shape.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new HybraError(
        'E_SHAPE',
        `${op}: ${formatType(a)} and ${formatType(b)} do not broadcast: axis ${axis - rank} has ${left} and ${right}.`,
        { op, shapes: [a.shape, b.shape], axis: axis - rank },
      );
    }
    return left === 1 ? right : left;
  });
}

function requireTensor(op: string, candidate: Operand): Tensor {
  if (Tensor.isInstance(candidate)) return candidate;
  throw new HybraError(
    'E_ARGUMENT',
    `${op}: an operand is ${candidate === null ? 'null' : typeof candidate}, expected a Tensor or a number.`,
    { op },
  );
}
