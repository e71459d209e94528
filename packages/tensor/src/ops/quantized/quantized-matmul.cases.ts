import type { DType } from '@hybra/spec';
import type { CaseInput, CaseLayout, OpCase } from '../../graph/op-case.js';
import { normal, uniform } from '../case-input.js';

interface Options {
  readonly blockSize?: number;
  readonly dtype?: DType;
  readonly scaleDtype?: 'f32' | 'f16';
  readonly hasZeros?: boolean;
  readonly layout?: CaseLayout;
}

function quantized(
  name: string,
  bits: 4 | 8,
  [M, K, N]: readonly [number, number, number],
  options: Options = {},
): OpCase {
  const {
    blockSize = 32,
    dtype = 'f32',
    scaleDtype = 'f16',
    hasZeros = false,
    layout = 'contiguous',
  } = options;
  const codes: CaseInput =
    bits === 8
      ? uniform([N, K], [-127, 128], { dtype: 'i8', layout })
      : uniform([N, K / 2], [0, 256], { dtype: 'u8', layout });
  const perBlock = [N, K / blockSize];
  // Scales that give weights of about 1, so that sums stay near those of `matmul`.
  const scale = bits === 8 ? 1 / 64 : 1 / 4;
  const zeros = hasZeros
    ? [uniform(perBlock, bits === 8 ? [-9, 9] : [3, 12], { dtype: scaleDtype, layout })]
    : [];
  return {
    name: `${bits} bits, ${name}: ${M}·${K}·${N}`,
    inputs: [
      normal([M, K], { dtype, layout }),
      codes,
      uniform(perBlock, [scale / 2, scale], { dtype: scaleDtype, layout }),
      ...zeros,
    ],
    attributes: { bits, blockSize },
  };
}

/** Cases of `quantizedMatmul`. */
export const quantizedMatmulCases: readonly OpCase[] = ([8, 4] as const).flatMap((bits) => [
  quantized('a row', bits, [1, 256, 33], {}),
  quantized('rows that no tile fits', bits, [5, 96, 7], {}),
  quantized('many rows', bits, [37, 64, 65], {}),
  quantized('zero points', bits, [3, 96, 9], { hasZeros: true }),
  quantized('a row with zero points', bits, [1, 96, 9], { hasZeros: true }),
  quantized('f32 scales', bits, [3, 64, 9], { scaleDtype: 'f32', hasZeros: true }),
  quantized('blocks of 16', bits, [3, 48, 9], { blockSize: 16 }),
  quantized('blocks of 64', bits, [3, 192, 9], { blockSize: 64 }),
  quantized('blocks of 2', bits, [2, 6, 3], { blockSize: 2 }),
  quantized('one block', bits, [1, 128, 1], { blockSize: 128 }),
  quantized('f16', bits, [3, 64, 9], { dtype: 'f16' }),
  quantized('bf16', bits, [3, 64, 9], { dtype: 'bf16', hasZeros: true }),
  quantized('K = 0 gives zeros', bits, [3, 0, 4], {}),
  quantized('no rows', bits, [0, 64, 4], {}),
  quantized('no outputs', bits, [3, 64, 0], {}),
  ...(['offset', 'transposed', 'strided'] as const).map((layout) =>
    quantized(layout, bits, [5, 64, 7], { layout, hasZeros: true }),
  ),
]);
