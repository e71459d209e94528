import { byteSize, type Operand, type StridedType } from '@hybra/spec';
import { typed } from '../../launch/dtype-code.js';
import { elementGrid } from '../../launch/grid.js';
import { flag, i64, type Launch, type Place, pointerTo, u32 } from '../../launch/launch.js';
import type { TensorMap } from '../../launch/tensor-map.js';

const tile = 64;
const maxBatchRank = 4;

/** One side of a product: rows and k with their strides in elements, and the batch that it is one of. */
export interface Side {
  readonly rows: number;
  readonly K: number;
  readonly rowStride: number;
  readonly kStride: number;
  /** Extents and strides of the batch; none where every product has the same matrix. */
  readonly batch: readonly number[];
  readonly batchStrides: readonly number[];
}

/** Matrices of one piece. */
export function matricesOf({ batch }: Side): number {
  return batch.reduce((product, extent) => product * extent, 1);
}

/** Whether the copy engine can take the operand as it is. */
export function isDirect({ dtype, offset }: StridedType, side: Side): boolean {
  const strides = [side.rowStride, ...side.batchStrides];
  return (
    dtype === 'bf16' &&
    side.kStride === 1 &&
    side.batch.length <= 1 &&
    offset % 8 === 0 &&
    strides.every((stride) => stride > 0 && stride % 8 === 0)
  );
}

/** k padded to whole 16-byte words. */
function widthOf({ K }: Side): number {
  return Math.ceil(K / 8) * 8;
}

/** Bytes of the pieces of one side: a multiple of 256. */
export function cutBytes(side: Side, pieces: number): number {
  return Math.ceil((pieces * matricesOf(side) * side.rows * widthOf(side) * 2) / 256) * 256;
}

/** The map of an operand that is taken as it is. */
export function directMap(operand: Operand, side: Side, tileRows: number): TensorMap {
  const size = byteSize(operand.dtype);
  const rowBytes = side.rowStride * size;
  return {
    place: { buffer: operand.buffer, byteOffset: operand.offset * size },
    k: side.K,
    rows: side.rows,
    matrices: matricesOf(side),
    rowBytes,
    matrixBytes: side.batchStrides[0] === undefined ? rowBytes * side.rows : side.batchStrides[0] * size,
    tileRows,
  };
}

/** The map of an operand's pieces. */
export function cutMap(place: Place, side: Side, pieces: number, tileRows: number): TensorMap {
  const rowBytes = widthOf(side) * 2;
  return {
    place,
    k: widthOf(side),
    rows: side.rows,
    matrices: pieces * matricesOf(side),
    rowBytes,
    matrixBytes: rowBytes * side.rows,
    tileRows,
  };
}

/** Cuts one side into bfloat16 pieces: see native/cut.cu. */
export function planCut(operand: Operand, side: Side, pieces: number, to: Place): Launch {
  const padded = (values: readonly number[]): readonly number[] =>
    Array.from({ length: maxBatchRank }, (_, axis) => values[axis] ?? 0);
  const { rows, K, rowStride, kStride } = side;
  const width = widthOf(side);
  const matrices = matricesOf(side);
  const parameters = [
    ...typed(operand),
    pointerTo(to),
    ...[rows, K, width, matrices].map(u32),
    i64(rowStride),
    i64(kStride),
    u32(side.batch.length),
    ...padded(side.batch).map(u32),
    ...padded(side.batchStrides).map(i64),
  ];
  if (kStride === 1) {
    const isAligned = [operand.offset, rowStride, ...side.batchStrides].every((each) => each % 4 === 0);
    return {
      kind: 'kernel',
      module: 'cut',
      entry: `cut_rows_${pieces}`,
      grid: elementGrid((rows * width * matrices) / 8),
      block: 256,
      parameters: [...parameters, flag(isAligned)],
    };
  }
  return {
    kind: 'kernel',
    module: 'cut',
    entry: `cut_columns_${pieces}`,
    grid: [Math.ceil(rows / tile), Math.ceil(width / tile), matrices],
    block: 256,
    parameters,
  };
}
