import {
  byteSize,
  contiguousStrides,
  type DType,
  elementCount,
  type HostArray,
  hostView,
  isContiguous,
  type StridedType,
} from '@hybra/spec';

/** The elements of an operand, counted in row-major order however they lie in memory. */
export class Elements {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly count: number;
  readonly #array: HostArray;
  readonly #positions: Int32Array | undefined;

  /** @param positions from {@link positionsOf} */
  constructor(operand: StridedType, bytes: Uint8Array<ArrayBuffer>, positions: Int32Array | undefined) {
    this.dtype = operand.dtype;
    this.shape = operand.shape;
    this.count = elementCount(operand.shape);
    const whole = hostView(
      operand.dtype,
      bytes.buffer,
      bytes.byteOffset,
      Math.floor(bytes.byteLength / byteSize(operand.dtype)),
    );
    this.#array = whole.subarray(operand.offset);
    this.#positions = positions;
  }

  get(index: number): number {
    return this.#array[this.#positions ? this.#positions[index]! : index]!;
  }

  /** Rounds to float32 and wraps integers, as typed arrays do. */
  set(index: number, value: number): void {
    this.#array[this.#positions ? this.#positions[index]! : index] = value;
  }

  /** Product of the extents from axis `from` up to axis `to`. */
  extent(from: number, to = this.shape.length): number {
    return elementCount(this.shape.slice(from, to));
  }
}

/** Where each element of a strided operand lies, counted from its offset; `undefined` if side by side. */
export function positionsOf({ shape, strides }: StridedType): Int32Array | undefined {
  if (isContiguous({ shape, strides })) return undefined;
  const logical = contiguousStrides(shape);
  return Int32Array.from({ length: elementCount(shape) }, (_, index) =>
    shape.reduce(
      (at, extent, axis) => at + (Math.floor(index / logical[axis]!) % extent) * strides[axis]!,
      0,
    ),
  );
}
