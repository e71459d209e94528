import type { QuantScheme } from '@hybra/spec';
import { castElements } from '../casts/cast-elements.js';
import { allocateBytes } from '../platform/allocate-bytes.js';
import type { QuantizedMatrix } from './quantize-matrix.js';

/** The matrix that codes and scales stand for: scale · (code − zero), row-major. */
export function dequantizeMatrix(matrix: QuantizedMatrix, scheme: QuantScheme): Float32Array<ArrayBuffer> {
  const { bits, blockSize, scaleDtype } = scheme;
  const { codes } = matrix;
  const scales = new Float32Array(castElements(matrix.scales, scaleDtype, 'f32').buffer);
  const zeros = matrix.zeros && new Float32Array(castElements(matrix.zeros, scaleDtype, 'f32').buffer);
  const count = bits === 4 ? codes.length * 2 : codes.length;
  const values = new Float32Array(allocateBytes(4 * count, 'dequantising').buffer);
  const implied = bits === 4 ? 8 : 0;
  for (let index = 0; index < count; index++) {
    const block = Math.floor(index / blockSize);
    const zero = zeros ? zeros[block]! : implied;
    values[index] = scales[block]! * (codeAt(codes, index, bits) - zero);
  }
  return values;
}

function codeAt(codes: Uint8Array, index: number, bits: 4 | 8): number {
  if (bits === 8) return (codes[index]! << 24) >> 24;
  return (codes[index >> 1]! >> (index % 2 === 0 ? 0 : 4)) & 15;
}
