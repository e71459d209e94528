import type { DType } from '@hybra/spec';
import type { OperandView } from '../../kernel.js';

/** How a matrix is stored whose rows are read 16 bytes at a time. */
export type WeightFormat =
  | { readonly kind: 'dense'; readonly dtype: Extract<DType, 'f32' | 'f16' | 'bf16'> }
  | {
      readonly kind: 'codes';
      readonly bits: 4 | 8;
      /** A multiple of the elements in 16 bytes. */
      readonly blockSize: number;
      readonly hasZeros: boolean;
    };

/** Elements that 16 bytes of a row hold. */
export function elementsPerChunk(format: WeightFormat): number {
  if (format.kind === 'codes') return 128 / format.bits;
  return format.dtype === 'f32' ? 4 : 8;
}

/** What the matrix is declared as: `weight[i]` is 16 bytes. */
export function chunkView(format: WeightFormat): OperandView {
  return format.kind === 'dense' && format.dtype === 'f32' ? 'vec4<f32>' : 'vec4<u32>';
}

/**
 * The fours of elements that a chunk holds, as WGSL of type vec4<f32>. Codes are there without their scale.
 * @param chunk WGSL of the 16 bytes
 * @param zero WGSL of the zero point, where the format has them
 */
export function foursOf(format: WeightFormat, chunk: string, zero: string): readonly string[] {
  const words = ['x', 'y', 'z', 'w'].map((part) => `${chunk}.${part}`);
  if (format.kind === 'dense') {
    if (format.dtype === 'f32') return [chunk];
    const widened = format.dtype === 'bf16' ? 'four_bf16' : 'four_f16';
    return [0, 2].map((at) => `${widened}(vec2<u32>(${words[at]}, ${words[at + 1]}))`);
  }
  if (format.bits === 8) {
    const shifted = format.hasZeros ? ` - ${zero}` : '';
    return words.map((word) => `(four_i8(${word})${shifted})`);
  }
  const shifted = format.hasZeros ? ` - ${zero}` : ' - 8.0';
  return words.flatMap((word) => [`(four_u4(${word})${shifted})`, `(four_u4(${word} >> 16u)${shifted})`]);
}
