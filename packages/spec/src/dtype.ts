/**
 * Element types of tensors. Floats are IEEE 754 binary64/32/16 and bfloat16; `bool` is one byte, 0 or 1.
 * Quantised weights are a struct of tensors (`QuantScheme`), never a dtype.
 */
export const dtypes = ['f64', 'f32', 'f16', 'bf16', 'i32', 'u32', 'i8', 'u8', 'bool'] as const;

/** One of the element types of {@link dtypes}. */
export type DType = (typeof dtypes)[number];

/** The typed array that holds the elements of a dtype on a host; `f16` and `bf16` as raw bits. */
export type HostArray =
  | Float64Array
  | Float32Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Int8Array
  | Uint8Array;

const bytesPerElement = {
  f64: 8,
  f32: 4,
  f16: 2,
  bf16: 2,
  i32: 4,
  u32: 4,
  i8: 1,
  u8: 1,
  bool: 1,
} as const satisfies Record<DType, number>;

/** Bytes that one element of `dtype` takes. */
export function byteSize(dtype: DType): number {
  return bytesPerElement[dtype];
}

/** Whether `dtype` is one of `f64 f32 f16 bf16`. */
export function isFloat(dtype: DType): boolean {
  return dtype === 'f64' || dtype === 'f32' || dtype === 'f16' || dtype === 'bf16';
}

/** Whether `dtype` is a 16-bit float, kept as raw bits in a `Uint16Array` on hosts. */
export function isHalf(dtype: DType): boolean {
  return dtype === 'f16' || dtype === 'bf16';
}

/** Whether `dtype` is an integer type (`bool` is not). */
export function isInteger(dtype: DType): boolean {
  return dtype === 'i32' || dtype === 'u32' || dtype === 'i8' || dtype === 'u8';
}

/** Whether `value` names a dtype. */
export function isDType(value: unknown): value is DType {
  return typeof value === 'string' && (dtypes as readonly string[]).includes(value);
}

const hostArrays = {
  f64: Float64Array,
  f32: Float32Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i8: Int8Array,
  u8: Uint8Array,
  bool: Uint8Array,
} as const;

/**
 * A typed array over part of `buffer`, without copying.
 * @param byteOffset a multiple of the element size
 * @param length elements, not bytes
 */
export function hostView(
  dtype: DType,
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
): HostArray {
  return new hostArrays[dtype](buffer as ArrayBuffer, byteOffset, length);
}

/** A zeroed typed array for `length` elements of `dtype`. */
export function hostArray(dtype: DType, length: number): HostArray {
  return new hostArrays[dtype](length);
}
