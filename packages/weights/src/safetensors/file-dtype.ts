import type { DType } from '@hybra/spec';

/**
 * Element types in checkpoint files: those of tensors, and some that are only stored. `f8_e4m3` is the variant
 * without infinities (`float8_e4m3fn`), `f8_e5m2` the one with them (arXiv 2209.05433, table 1).
 */
export type FileDType = DType | 'f8_e4m3' | 'f8_e5m2' | 'i64' | 'u64' | 'i16' | 'u16';

/** What the format calls a dtype, and bytes per element. */
interface FileType {
  readonly name: string;
  readonly byteSize: number;
}

const fileTypes = {
  f64: { name: 'F64', byteSize: 8 },
  f32: { name: 'F32', byteSize: 4 },
  f16: { name: 'F16', byteSize: 2 },
  bf16: { name: 'BF16', byteSize: 2 },
  f8_e4m3: { name: 'F8_E4M3', byteSize: 1 },
  f8_e5m2: { name: 'F8_E5M2', byteSize: 1 },
  i64: { name: 'I64', byteSize: 8 },
  u64: { name: 'U64', byteSize: 8 },
  i32: { name: 'I32', byteSize: 4 },
  u32: { name: 'U32', byteSize: 4 },
  i16: { name: 'I16', byteSize: 2 },
  u16: { name: 'U16', byteSize: 2 },
  i8: { name: 'I8', byteSize: 1 },
  u8: { name: 'U8', byteSize: 1 },
  bool: { name: 'BOOL', byteSize: 1 },
} as const satisfies Record<FileDType, FileType>;

/** Every dtype of checkpoint files. */
export const fileDTypes: readonly FileDType[] = Object.freeze(Object.keys(fileTypes) as FileDType[]);

/** Types that the format defines and this package does not read. */
export const unreadTypes: readonly string[] = ['F4', 'F6_E2M3', 'F6_E3M2', 'F8_E8M0', 'C64'];

/** Bytes of one element. */
export function fileByteSize(dtype: FileDType): number {
  return fileTypes[dtype].byteSize;
}

/** The format's name, such as `BF16`. */
export function safetensorsName(dtype: FileDType): string {
  return fileTypes[dtype].name;
}

/** The dtype that the format's name stands for; undefined for other names. */
export function fileDTypeOf(name: string): FileDType | undefined {
  return fileDTypes.find((dtype) => fileTypes[dtype].name === name);
}
