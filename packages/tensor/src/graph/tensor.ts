import {
  byteLengthOf,
  contiguousStrides,
  type Device,
  type DType,
  elementCount,
  formatType,
  HybraError,
  isContiguous,
  type StridedType,
} from '@hybra/spec';
import { deviceOf, type Value } from './value.js';

const marker = Symbol.for('hybra.tensor');

/**
 * An immutable array of numbers, or the promise of one: a strided window on a {@link Value} that is stored,
 * supplied later, or recorded as the result of a call. Ops on tensors record; nothing is computed until a
 * program is compiled and run.
 */
export class Tensor implements StridedType {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly value: Value;

  /** Use the ops and `tensorOn`, `literal`, `compile` to make tensors. */
  constructor(
    value: Value,
    window?: { shape: readonly number[]; strides: readonly number[]; offset: number },
  ) {
    this.dtype = value.dtype;
    this.value = value;
    this.shape = frozen(window?.shape ?? value.shape);
    this.strides = window ? frozen(window.strides) : Object.freeze(contiguousStrides(value.shape));
    this.offset = window?.offset ?? 0;
    Object.freeze(this);
  }

  static {
    // On the prototype: a run makes a tensor for every state, and a property of each would cost more than all else.
    Object.defineProperty(Tensor.prototype, marker, { value: true });
  }

  /** Whether `candidate` is a tensor, of this copy of the package or another. */
  static isInstance(candidate: unknown): candidate is Tensor {
    return typeof candidate === 'object' && candidate !== null && marker in candidate;
  }

  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return elementCount(this.shape);
  }

  /** Bytes of the elements when contiguous. */
  get byteLength(): number {
    return byteLengthOf(this);
  }

  /** The device that this tensor is tied to; `undefined` for constants that no device has claimed yet. */
  get device(): Device | undefined {
    return deviceOf(this.value);
  }

  get isContiguous(): boolean {
    return isContiguous(this);
  }

  /** Whether this is its whole value and not a window on part of it or a reordering. */
  get isWhole(): boolean {
    return this.offset === 0 && this.isContiguous && this.size === elementCount(this.value.shape);
  }

  toString(): string {
    return `Tensor ${formatType(this)}`;
  }
}

/** `axis` as a non-negative index below `rank`. @throws E_SHAPE */
export function normalizeAxis(axis: number, rank: number): number {
  const normalized = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normalized < 0 || normalized >= rank) {
    throw new HybraError('E_SHAPE', `axis ${axis} does not exist: the tensor has ${rank} axes.`, {
      axis,
      rank,
    });
  }
  return normalized;
}

function frozen(values: readonly number[]): readonly number[] {
  return Object.isFrozen(values) ? values : Object.freeze([...values]);
}
