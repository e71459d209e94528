import type { Tensor } from '../../graph/tensor.js';
import { reshape } from '../../graph/views.js';
import { gatherRows } from '../array/gather-rows.js';
import { dequantizeRows } from './dequantize.js';
import type { QuantizedWeight } from './quantized-weight.js';

/**
 * Rows of a quantised table: only the rows asked for are dequantised.
 * @param indices i32 of any shape; one outside 0 … N − 1 gives zeros
 * @returns `f32[indices…, K]`
 * @throws E_DTYPE
 */
export function gatherQuantizedRows(table: QuantizedWeight, indices: Tensor): Tensor {
  const { codes, scales, zeros, scheme } = table;
  const flat = reshape(indices, [indices.size]);
  const rows = dequantizeRows({
    codes: gatherRows(codes, flat),
    // An index outside gives scale 0, and with it zeros whatever the zero point.
    scales: gatherRows(scales, flat),
    zeros: zeros && gatherRows(zeros, flat),
    blockSize: scheme.blockSize,
  });
  return reshape(rows, [...indices.shape, table.shape[1]]);
}
