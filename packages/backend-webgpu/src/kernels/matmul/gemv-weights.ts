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

/**
 * What x is multiplied by where codes stay at their place in a word: the power of two by which a code in that place
 * is too large. By fours of x, as they meet the fours of {@link placedFoursOf}.
 */
export function placeFactors(format: WeightFormat): string | undefined {
  if (format.kind === 'dense') return undefined;
  return format.bits === 4
    ? 'vec4<f32>(1.0, 0.0625, 0.00390625, 0.000244140625)'
    : 'vec4<f32>(1.0, 0.00390625, 1.0, 0.00390625)';
}

/**
 * As {@link foursOf}, with codes times the reciprocals of {@link placeFactors}: one shift for four codes. They are
 * the low bits of 2²³, from which float32 takes them exactly.
 */
export function placedFoursOf(format: WeightFormat, chunk: string, zero: string): readonly string[] {
  if (format.kind === 'dense') return foursOf(format, chunk, zero);
  const words = ['x', 'y', 'z', 'w'].map((part) => `${chunk}.${part}`);
  const shifted = (base: number, place: readonly number[]): string =>
    format.hasZeros
      ? ` - 8388608.0 - ${zero} * vec4<f32>(${place.map((factor) => `${factor}.0`).join(', ')})`
      : ` - vec4<f32>(${place.map((factor) => `${8388608 + base * factor}.0`).join(', ')})`;
  if (format.bits === 8) {
    // Codes are signed: 128 more in each byte.
    const place = [1, 256, 1, 256];
    const offset = format.hasZeros ? ` - vec4<f32>(128.0, 32768.0, 128.0, 32768.0)` : '';
    return words.map((word) => `(placed_i8(${word})${offset}${shifted(128, place)})`);
  }
  const place = [1, 16, 256, 4096];
  return words.flatMap((word) =>
    [word, `${word} >> 16u`].map((half) => `(placed_u4(${half})${shifted(8, place)})`),
  );
}
