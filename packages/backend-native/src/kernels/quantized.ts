import { type DType, formatType } from '@hybra/spec';
import type { QuantizedProducts } from './products.js';
import { computed, type Rule, refusal, takesWindows } from './rule.js';

/** Columns that the kernels take at once (`groupColumns` in `native/simd/quantized-codes.hpp`). */
const groupColumns = 32;
const scaleTypes: readonly DType[] = ['f32', 'f16'];

/** Products with weights in blocks; rows of x may be a window. */
export const quantizedRules = (products: QuantizedProducts): { readonly quantizedMatmul: Rule } => ({
  quantizedMatmul: {
    ...(products === 'int8' && { kernel: () => 'quantizedMatmulInt8' }),
    answer: (call) => {
      const { bits, blockSize } = call.attributes;
      const codes: readonly DType[] = [bits === 4 ? 'u8' : 'i8'];
      const refused = refusal(call, [computed, codes, scaleTypes, scaleTypes]);
      if (refused) return refused;
      const [, , scales, zeros] = call.inputs;
      if (zeros && zeros.dtype !== scales!.dtype) {
        return {
          reason: `quantizedMatmul: no native kernel for ${formatType(scales!)} with zeros ${formatType(zeros)}`,
        };
      }
      if ((blockSize as number) % groupColumns !== 0) {
        return {
          reason: `quantizedMatmul: blocks of ${blockSize}, and the native kernel takes multiples of ${groupColumns}`,
        };
      }
      return takesWindows(call, { 0: 1 });
    },
    attributes: ({ attributes }) => [attributes.blockSize as number],
  },
});
