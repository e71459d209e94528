import type { Place } from './launch.js';

/** A bfloat16 matrix, or several, as Hopper's copy engine takes tiles of it. Outside are zeros. */
export interface TensorMap {
  readonly place: Place;
  /** Elements of a row, which lie side by side. */
  readonly width: number;
  readonly rows: number;
  readonly matrices: number;
  /** Bytes from row to row and from matrix to matrix: multiples of 16. */
  readonly rowBytes: number;
  readonly matrixBytes: number;
  /** Rows of a tile, 256 at most; it is 64 wide. */
  readonly tileRows: number;
}

/** What `cuTensorMapEncodeTiled` is given beside the address. */
export interface EncodedTensorMap {
  readonly place: Place;
  readonly extents: BigUint64Array;
  readonly strides: BigUint64Array;
  readonly box: Uint32Array;
}

/** Bytes of the driver's CUtensorMap, and what its address is a multiple of. */
export const tensorMapBytes = 128;
/** CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, …_SWIZZLE_128B, …_L2_PROMOTION_L2_256B */
export const tensorMapCodes = { bf16: 9, swizzle: 3, promotion: 3 } as const;
/** Neighbours are taken one by one along every axis. */
export const everyElement: Uint32Array = Uint32Array.of(1, 1, 1);

/** Lays a map's sizes out for the driver. */
export function encodeTensorMap(map: TensorMap): EncodedTensorMap {
  return {
    place: map.place,
    extents: BigUint64Array.of(BigInt(map.width), BigInt(map.rows), BigInt(map.matrices)),
    strides: BigUint64Array.of(BigInt(map.rowBytes), BigInt(map.matrixBytes)),
    box: Uint32Array.of(64, map.tileRows, 1),
  };
}
