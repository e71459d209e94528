import type { DType, Operand } from '@hybra/spec';
import { i64, type Parameter, pointer } from './launch.js';

/** Codes of dtypes in native/common.cuh. */
const codes = {
  f64: 0,
  f32: 1,
  f16: 2,
  bf16: 3,
  i32: 4,
  u32: 5,
  i8: 6,
  u8: 7,
  bool: 8,
} as const satisfies Record<DType, number>;

/** The struct `In` or `Out` of native/common.cuh: an operand whose dtype the kernel learns at run time. */
export function typed(operand: Operand): readonly Parameter[] {
  return [pointer(operand), i64(codes[operand.dtype])];
}
