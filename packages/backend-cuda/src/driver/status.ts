import { HybraError } from '@hybra/spec';
import type { Driver } from './driver.js';

const outOfMemory = 2;
/** CUDA_ERROR_NOT_READY: work is still going on. */
export const notReady = 600;

/** Results after which nothing works in this process's context any more. */
const fatal: ReadonlySet<number> = new Set([
  46, // CUDA_ERROR_DEVICE_UNAVAILABLE
  214, // CUDA_ERROR_ECC_UNCORRECTABLE
  220, // CUDA_ERROR_NVLINK_UNCORRECTABLE
  700, // CUDA_ERROR_ILLEGAL_ADDRESS
  702, // CUDA_ERROR_LAUNCH_TIMEOUT
  709, // CUDA_ERROR_CONTEXT_IS_DESTROYED
  710, // CUDA_ERROR_ASSERT
  714, // CUDA_ERROR_HARDWARE_STACK_ERROR
  715, // CUDA_ERROR_ILLEGAL_INSTRUCTION
  716, // CUDA_ERROR_MISALIGNED_ADDRESS
  717, // CUDA_ERROR_INVALID_ADDRESS_SPACE
  718, // CUDA_ERROR_INVALID_PC
  719, // CUDA_ERROR_LAUNCH_FAILED
  721, // CUDA_ERROR_TENSOR_MEMORY_LEAK
  999, // CUDA_ERROR_UNKNOWN
]);

/** Whether a result means that the device is lost. */
export function isFatal(status: number): boolean {
  return fatal.has(status);
}

/** The error that a failed driver call is. @param what what was being done, such as `allocate 4096 bytes` */
export function errorOf(driver: Driver, status: number, what: string): HybraError {
  const name = driver.nameOf(status);
  const details = { what, status, name };
  if (status === outOfMemory) {
    return new HybraError(
      'E_OUT_OF_MEMORY',
      `${what}: the GPU has no memory left (${name}). Dispose of something, or use a smaller model or batch.`,
      details,
    );
  }
  if (isFatal(status)) {
    return new HybraError(
      'E_DEVICE_LOST',
      `${what}: the GPU reports ${name}; everything on it is lost. Start the program again.`,
      details,
    );
  }
  return new HybraError('E_ARGUMENT', `${what}: the CUDA driver answers ${name}.`, details);
}
