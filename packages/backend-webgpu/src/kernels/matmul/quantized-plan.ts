import type { OpCall, StridedType } from '@hybra/spec';
import type { GemvSizes } from './gemv.js';
import type { WeightFormat } from './gemv-weights.js';

/** How a call's codes are stored. */
export function formatOfCodes({ inputs, attributes }: OpCall): Extract<WeightFormat, { kind: 'codes' }> {
  return {
    kind: 'codes',
    bits: attributes.bits as 4 | 8,
    blockSize: attributes.blockSize as number,
    hasZeros: inputs.length > 3,
  };
}

/** A call's extents, in elements of the matrix that the codes stand for. */
export function sizesOfCodes({ inputs }: OpCall): GemvSizes {
  const [x, codes] = inputs as readonly [StridedType, StridedType];
  const [M, K] = x.shape as [number, number];
  return { M, K, N: codes.shape[0]!, batches: 1, aM: x.strides[0]!, bN: K };
}
