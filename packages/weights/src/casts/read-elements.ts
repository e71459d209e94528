import type { FileDType } from '../safetensors/file-dtype.js';
import { float8E4M3, float8E5M2, widenFloat8 } from './float8.js';
import { widenBfloat16, widenFloat16 } from './half-floats.js';
import { bigIntToOdd } from './round-to-odd.js';

/** Elements in a buffer: `count` of them from `byteOffset` on, which is aligned to their dtype. */
export interface ElementRange {
  readonly buffer: ArrayBuffer;
  readonly byteOffset: number;
  readonly count: number;
}

/** Floats that float32 holds exactly. */
export type NarrowFloat = 'f32' | 'f16' | 'bf16' | 'f8_e4m3' | 'f8_e5m2';

/** Whether float32 holds every value of `dtype`. */
export function isNarrowFloat(dtype: FileDType): dtype is NarrowFloat {
  return dtype === 'f32' || dtype === 'f16' || dtype === 'bf16' || dtype === 'f8_e4m3' || dtype === 'f8_e5m2';
}

/** Reads floats into `target`, exactly. */
export function readFloat32(dtype: NarrowFloat, range: ElementRange, target: Float32Array): void {
  const { buffer, byteOffset, count } = range;
  switch (dtype) {
    case 'f32':
      target.set(new Float32Array(buffer, byteOffset, count));
      break;
    case 'f16':
      widenFloat16(new Uint16Array(buffer, byteOffset, count), target);
      break;
    case 'bf16':
      widenBfloat16(new Uint16Array(buffer, byteOffset, count), target);
      break;
    case 'f8_e4m3':
      widenFloat8(new Uint8Array(buffer, byteOffset, count), target, float8E4M3);
      break;
    case 'f8_e5m2':
      widenFloat8(new Uint8Array(buffer, byteOffset, count), target, float8E5M2);
      break;
    default:
      throw dtype satisfies never;
  }
}

/** Everything else. */
type WideDType = Exclude<FileDType, NarrowFloat | 'i64' | 'u64'>;

const wideArrays = {
  f64: Float64Array,
  i32: Int32Array,
  u32: Uint32Array,
  i16: Int16Array,
  u16: Uint16Array,
  i8: Int8Array,
  u8: Uint8Array,
  bool: Uint8Array,
} as const satisfies Record<WideDType, unknown>;

/** What the elements will become; 64-bit integers do not fit a float64 and are read accordingly. */
export type WideTarget = 'f64' | 'float' | 'integer' | 'bool';

/** Reads elements into `target`: exactly, except 64-bit integers. */
export function readFloat64(
  dtype: FileDType,
  range: ElementRange,
  { target, becomes }: { readonly target: Float64Array; readonly becomes: WideTarget },
): void {
  const { buffer, byteOffset, count } = range;
  if (isNarrowFloat(dtype)) {
    const floats = new Float32Array(count);
    readFloat32(dtype, range, floats);
    target.set(floats);
  } else if (dtype === 'i64' || dtype === 'u64') {
    readWideIntegers(dtype, range, { target, becomes });
  } else {
    target.set(new wideArrays[dtype](buffer, byteOffset, count));
    if (dtype === 'bool')
      for (let index = 0; index < count; index++) target[index] = target[index] === 0 ? 0 : 1;
  }
}

function readWideIntegers(
  dtype: 'i64' | 'u64',
  { buffer, byteOffset, count }: ElementRange,
  { target, becomes }: { readonly target: Float64Array; readonly becomes: WideTarget },
): void {
  const values = new (dtype === 'i64' ? BigInt64Array : BigUint64Array)(buffer, byteOffset, count);
  for (let index = 0; index < count; index++) {
    const value = values[index]!;
    // Integers wrap: their low 32 bits are all that narrower ones see.
    if (becomes === 'integer') target[index] = Number(BigInt.asUintN(32, value));
    else if (becomes === 'float') target[index] = bigIntToOdd(value);
    else target[index] = Number(value);
  }
}
