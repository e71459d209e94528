import type { Address, CudaFunctions } from './cuda-functions.js';

/** The loaded driver: its functions, and a way to see memory that it gave. */
export interface Driver {
  readonly functions: CudaFunctions;
  /** `byteLength` bytes of host memory from `address` on, without copying. */
  view(address: Address, byteLength: number): ArrayBuffer;
  /** The name of a CUresult, such as `CUDA_ERROR_OUT_OF_MEMORY`. */
  nameOf(status: number): string;
}

/** The driver, or why there is none. */
export type DriverLoad =
  | { readonly loaded: true; readonly driver: Driver }
  | { readonly loaded: false; readonly reason: string; readonly remedy?: string };

/** The handle that the driver wrote. */
export function handleOf(result: BigUint64Array): Address {
  return Number(result[0]);
}
