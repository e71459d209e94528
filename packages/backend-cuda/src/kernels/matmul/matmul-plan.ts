import { byteSize, elementCount, type OpCall, type StridedType } from '@hybra/spec';
import { collapse } from '../../launch/collapse.js';

/** A batched product as index arithmetic, in elements: a[m, k] at `m·aM + k·aK`, b[k, n] at `k·bK + n·bN`. */
export interface MatmulPlan {
  readonly M: number;
  readonly K: number;
  readonly N: number;
  readonly aM: number;
  readonly aK: number;
  readonly bK: number;
  readonly bN: number;
  /** Extents and strides of the batch axes, as few as possible. */
  readonly batch: readonly number[];
  readonly aBatch: readonly number[];
  readonly bBatch: readonly number[];
  /** Products in all. */
  readonly batchCount: number;
}

/** Reads shapes, strides and transpositions of a `matmul` call. */
export function planMatmul(call: OpCall): MatmulPlan {
  const [a, b] = call.inputs as readonly [StridedType, StridedType];
  const { shape } = call.outputs[0]!;
  const [M, N] = shape.slice(-2) as [number, number];
  const [aRow, aColumn] = a.strides.slice(-2) as [number, number];
  const [bRow, bColumn] = b.strides.slice(-2) as [number, number];
  const isATransposed = call.attributes.transposeA === true;
  const isBTransposed = call.attributes.transposeB === true;
  const loops = collapse(shape.slice(0, -2), [a.strides.slice(0, -2), b.strides.slice(0, -2)]);
  return {
    M,
    K: a.shape.at(isATransposed ? -2 : -1)!,
    N,
    aM: isATransposed ? aColumn : aRow,
    aK: isATransposed ? aRow : aColumn,
    bK: isBTransposed ? bColumn : bRow,
    bN: isBTransposed ? bRow : bColumn,
    batch: loops.shape,
    aBatch: loops.strides[0]!,
    bBatch: loops.strides[1]!,
    batchCount: elementCount(shape.slice(0, -2)),
  };
}

/** Whether rows that start at an operand's offset and lie `stride` apart are all 16-byte aligned. */
export function areRowsAligned(operand: StridedType, stride: number): boolean {
  const size = byteSize(operand.dtype);
  return (operand.offset * size) % 16 === 0 && (stride * size) % 16 === 0;
}
