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
  /** Whether k is to lie side by side whatever it does now. */
  readonly isTurned?: boolean;
}

/** How a side lies in memory for the tensor cores: k side by side, or, `isAcross`, the rows. */
export interface Lying {
  readonly isAcross: boolean;
  /** Elements side by side, lines of them, and elements from line to line. */
  readonly width: number;
  readonly lines: number;
  readonly lineStride: number;
}

/** Rows that lie side by side stay so; anything else is laid out with k side by side. */
export function lyingOf(side: Side): Lying {
  const { rows, K, rowStride, kStride } = side;
  const isAcross = rowStride === 1 && kStride !== 1 && side.isTurned !== true;
  return isAcross
    ? { isAcross, width: rows, lines: K, lineStride: kStride }
    : { isAcross, width: K, lines: rows, lineStride: rowStride };
}

/** Matrices of one piece. */
export function matricesOf({ batch }: Side): number {
  return batch.reduce((product, extent) => product * extent, 1);
}

/** Whether the copy engine can take the operand as it is. */
export function isDirect({ dtype, offset }: StridedType, side: Side): boolean {
  const { isAcross, lineStride } = lyingOf(side);
  const strides = [lineStride, ...side.batchStrides];
  return (
    dtype === 'bf16' &&
    (isAcross || side.kStride === 1) &&
    side.batch.length <= 1 &&
    offset % 8 === 0 &&
    strides.every((stride) => stride > 0 && stride % 8 === 0)
  );
}

/** A line padded to whole 16-byte words. */
function paddedWidth(side: Side): number {
  return Math.ceil(lyingOf(side).width / 8) * 8;
}

/** Bytes of the pieces of one side: a multiple of 256. */
export function cutBytes(side: Side, pieces: number): number {
  return Math.ceil((pieces * matricesOf(side) * lyingOf(side).lines * paddedWidth(side) * 2) / 256) * 256;
}

/** The map of an operand that is taken as it is. @param tileRows rows of a tile where k lies side by side */
export function directMap(operand: Operand, side: Side, tileRows: number): TensorMap {
  const size = byteSize(operand.dtype);
  const { isAcross, width, lines, lineStride } = lyingOf(side);
  const rowBytes = lineStride * size;
  return {
    place: { buffer: operand.buffer, byteOffset: operand.offset * size },
    width,
    rows: lines,
    matrices: matricesOf(side),
    rowBytes,
    matrixBytes: side.batchStrides[0] === undefined ? rowBytes * lines : side.batchStrides[0] * size,
    tileRows: isAcross ? tile : tileRows,
  };
}

/** The map of an operand's pieces. */
export function cutMap(place: Place, side: Side, pieces: number, tileRows: number): TensorMap {
  const { isAcross, lines } = lyingOf(side);
  const width = paddedWidth(side);
  return {
    place,
    width,
    rows: lines,
    matrices: pieces * matricesOf(side),
    rowBytes: width * 2,
    matrixBytes: width * 2 * lines,
    tileRows: isAcross ? tile : tileRows,
  };
}

/** Cuts one side into bfloat16 pieces: see native/cut.cu. */
export function planCut(operand: Operand, side: Side, pieces: number, to: Place): Launch {
  const padded = (values: readonly number[]): readonly number[] =>
    Array.from({ length: maxBatchRank }, (_, axis) => values[axis] ?? 0);
  const { isAcross, width, lines, lineStride } = lyingOf(side);
  const lineWidth = paddedWidth(side);
  const matrices = matricesOf(side);
  const stride = isAcross ? 1 : side.kStride;
  const parameters = [
    ...typed(operand),
    pointerTo(to),
    ...[lines, width, lineWidth, matrices].map(u32),
    i64(lineStride),
    i64(stride),
    u32(side.batch.length),
    ...padded(side.batch).map(u32),
    ...padded(side.batchStrides).map(i64),
  ];
  if (stride === 1) {
    const isAligned = [operand.offset, lineStride, ...side.batchStrides].every((each) => each % 4 === 0);
    return {
      kind: 'kernel',
      module: 'cut',
      entry: `cut_rows_${pieces}`,
      grid: elementGrid((lines * lineWidth * matrices) / 8),
      block: 256,
      parameters: [...parameters, flag(isAligned)],
    };
  }
  return {
    kind: 'kernel',
    module: 'cut',
    entry: `cut_columns_${pieces}`,
    grid: [Math.ceil(lines / tile), Math.ceil(lineWidth / tile), matrices],
    block: 256,
    parameters,
  };
}
