import type { Tensor } from '../../graph/tensor.js';
import { reshape, unsqueeze } from '../../graph/views.js';
import { concat } from '../array/concat.js';
import { bitAnd, mul, shiftRight, sub } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import type { QuantizedWeight } from './quantized-weight.js';

/** Codes, scales and zero points of some rows of a matrix, and what they mean. */
export interface QuantizedRows {
  /** `i8[R, K]` or `u8[R, K / 2]` */
  readonly codes: Tensor;
  /** `[R, K / blockSize]` */
  readonly scales: Tensor;
  readonly zeros?: Tensor | undefined;
  readonly blockSize: number;
}

/** scale · (code − zero) of each element: `f32[R, K]`. */
export function dequantizeRows(rows: QuantizedRows): Tensor {
  const { codes, scales, zeros, blockSize } = rows;
  const [count, blocks] = scales.shape as [number, number];
  const integers = codes.dtype === 'i8' ? codes : unpackNibbles(codes);
  const blocked = cast(reshape(integers, [count, blocks, blockSize]), 'f32');
  const spread = (perBlock: Tensor): Tensor => unsqueeze(cast(perBlock, 'f32'), -1); // [R, blocks, 1]
  const zero = zeros ? spread(zeros) : codes.dtype === 'i8' ? undefined : 8;
  const centred = zero === undefined ? blocked : sub(blocked, zero);
  return reshape(mul(centred, spread(scales)), [count, blocks * blockSize]);
}

/** `u8[R, W]` → `i32[R, W, 2]`, the low half first. */
function unpackNibbles(codes: Tensor): Tensor {
  const bytes = unsqueeze(cast(codes, 'i32'), -1);
  return concat([bitAnd(bytes, 15), shiftRight(bytes, 4)], -1);
}

/** The matrix that a quantised weight stands for: `f32[N, K]`. */
export function dequantize(weight: QuantizedWeight): Tensor {
  return dequantizeRows({ ...weight, blockSize: weight.scheme.blockSize });
}
