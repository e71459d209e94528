import { byteSize, type DType } from '@hybra/spec';
import type { OperandView } from '../kernel.js';

/** The WGSL type that arithmetic on a dtype uses. */
export function numberType(dtype: DType): 'f32' | 'i32' | 'u32' | 'bool' {
  switch (dtype) {
    case 'i32':
    case 'i8':
      return 'i32';
    case 'u32':
    case 'u8':
      return 'u32';
    case 'bool':
      return 'bool';
    default:
      return 'f32';
  }
}

/** Elements that share one 32-bit word. */
export function elementsPerWord(dtype: DType): number {
  return 4 / byteSize(dtype);
}

/** The element type of the array that an operand is declared as. Narrow dtypes are packed in words. */
export function arrayElement(dtype: DType, view: OperandView): string {
  if (view === 'bits') return 'u32';
  if (view !== 'number') return view;
  return byteSize(dtype) === 4 ? numberType(dtype) : 'u32';
}

/** The WGSL type that `load_NAME` gives. */
export function loadType(dtype: DType, view: 'number' | 'bits'): string {
  return view === 'bits' ? 'u32' : numberType(dtype);
}

/** A WGSL expression of the element at index `at` of the array `name`. */
export function loadExpression(name: string, dtype: DType, view: 'number' | 'bits', at: string): string {
  const size = byteSize(dtype);
  if (size === 4) return `${name}[${at}]`;
  const bits = 8 * size;
  const shift = size === 2 ? 1 : 2;
  const word = `${name}[${at} >> ${shift}u]`;
  const position = `(${at} & ${4 / size - 1}u) * ${bits}u`;
  const unsigned = `extractBits(${word}, ${position}, ${bits}u)`;
  if (view === 'bits') return unsigned;
  switch (dtype) {
    case 'f16':
      return `decode_f16(${unsigned})`;
    case 'bf16':
      return `bitcast<f32>(${unsigned} << 16u)`;
    case 'i8':
      return `extractBits(bitcast<i32>(${word}), ${position}, 8u)`;
    case 'bool':
      return `(${unsigned} != 0u)`;
    default:
      return unsigned;
  }
}

/** A WGSL expression of the bits that a number has as `dtype`, zero-extended to u32. */
export function encodeExpression(dtype: DType, value: string): string {
  switch (dtype) {
    case 'f16':
      return `encode_f16(${value})`;
    case 'bf16':
      return `encode_bf16(${value})`;
    case 'bool':
      return `select(0u, 1u, ${value})`;
    case 'i8':
    case 'u8':
      return `(bitcast<u32>(${value}) & 0xffu)`;
    case 'u32':
      return value;
    default:
      return `bitcast<u32>(${value})`;
  }
}
