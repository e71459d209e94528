import type { OpCall, StridedType } from '@hybra/spec';

/**
 * A batched product as index arithmetic: a[m, k] of one batch element lies at `m·aM + k·aK` from its start,
 * b[k, n] at `k·bK + n·bN`. Strides count elements, so transposed and broadcast views need no copy.
 */
export interface MatmulPlan {
  readonly M: number;
  readonly K: number;
  readonly N: number;
  readonly aM: number;
  readonly aK: number;
  readonly bK: number;
  readonly bN: number;
  /** Extents and strides of the batch axes. */
  readonly batch: readonly number[];
  readonly aBatch: readonly number[];
  readonly bBatch: readonly number[];
}

/** Reads shapes, strides and transpositions of a `matmul` call. */
export function planMatmul(call: OpCall): MatmulPlan {
  const [a, b] = call.inputs as readonly [StridedType, StridedType];
  const [M, N] = call.outputs[0]!.shape.slice(-2) as [number, number];
  const [aRow, aColumn] = a.strides.slice(-2) as [number, number];
  const [bRow, bColumn] = b.strides.slice(-2) as [number, number];
  const isATransposed = call.attributes.transposeA === true;
  const isBTransposed = call.attributes.transposeB === true;
  return {
    M,
    K: a.shape.at(isATransposed ? -2 : -1)!,
    N,
    aM: isATransposed ? aColumn : aRow,
    aK: isATransposed ? aRow : aColumn,
    bK: isBTransposed ? bColumn : bRow,
    bN: isBTransposed ? bRow : bColumn,
    batch: call.outputs[0]!.shape.slice(0, -2),
    aBatch: a.strides.slice(0, -2),
    bBatch: b.strides.slice(0, -2),
  };
}
