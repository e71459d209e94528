import { byteSize, type DType } from './dtype.js';

/** Shape and dtype of a value. Shapes are row-major, each extent a non-negative integer. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/**
 * A strided window on a buffer: element `[i0, i1, …]` lies at `offset + i0·strides[0] + i1·strides[1] + …`.
 * Strides and offset count elements. A stride of 0 repeats one element (an expanded axis); slices may make
 * strides larger than the shape implies; permutations reorder them. Strides are never negative.
 */
export interface StridedType extends TensorType {
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Number of elements of a shape; 1 for a scalar `[]`. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const extent of shape) count *= extent;
  return count;
}

/** Bytes of a contiguous value. */
export function byteLengthOf(type: TensorType): number {
  return elementCount(type.shape) * byteSize(type.dtype);
}

/** Row-major strides of a shape, in elements. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Elements from an operand's first to its last in memory, both included; 0 if it has none. */
export function spanOf(type: Pick<StridedType, 'shape' | 'strides'>): number {
  let last = 0;
  for (let axis = 0; axis < type.shape.length; axis++) {
    if (type.shape[axis] === 0) return 0;
    last += (type.shape[axis]! - 1) * type.strides[axis]!;
  }
  return last + 1;
}

/** Whether the elements lie side by side in row-major order (axes of extent 1 may have any stride). */
export function isContiguous(type: {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}): boolean {
  let expected = 1;
  for (let axis = type.shape.length - 1; axis >= 0; axis--) {
    const extent = type.shape[axis]!;
    if (extent === 0) return true;
    if (extent !== 1 && type.strides[axis] !== expected) return false;
    expected *= extent;
  }
  return true;
}

/** `f32[2, 37, 512]` */
export function formatType(type: TensorType): string {
  return `${type.dtype}[${type.shape.join(', ')}]`;
}
