import { argumentTypes, type CudaFunctions } from './cuda-functions.js';
import { type DriverLoad, handleOf } from './driver.js';

const libraries: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ['libcuda.so.1', '/usr/lib/wsl/lib/libcuda.so.1', '/usr/local/nvidia/lib64/libcuda.so.1'],
  win32: ['nvcuda.dll'],
};

/** Loads the CUDA driver's library through koffi. Never throws: an absent driver is an answer. */
export async function loadDriver(): Promise<DriverLoad> {
  const names = libraries[process.platform];
  if (!names) {
    return { loaded: false, reason: `NVIDIA has no CUDA driver for ${process.platform}` };
  }
  let koffi: typeof import('koffi');
  try {
    koffi = await import('koffi');
  } catch (error) {
    return {
      loaded: false,
      reason: `the package koffi, which calls the driver, cannot be loaded (${messageOf(error)})`,
      remedy: 'Install again with optional dependencies.',
    };
  }
  for (const name of names) {
    let library: ReturnType<typeof koffi.load>;
    try {
      library = koffi.load(name);
    } catch {
      continue; // the next place
    }
    try {
      const entries = Object.entries(argumentTypes).map(([symbol, types]) => [
        symbol,
        library.func(symbol, 'int', [...types]),
      ]);
      const functions = Object.fromEntries(entries) as CudaFunctions;
      return {
        loaded: true,
        driver: {
          functions,
          view: (address, byteLength) => koffi.view(BigInt(address), byteLength),
          nameOf: (status) => {
            const name = new BigUint64Array(1);
            if (functions.cuGetErrorName(status, name) !== 0) return `CUresult ${status}`;
            return koffi.decode.string(BigInt(handleOf(name)));
          },
        },
      };
    } catch (error) {
      return {
        loaded: false,
        reason: `${name} lacks a function that is needed (${messageOf(error)})`,
        remedy: 'Install an NVIDIA driver of version 525 or newer.',
      };
    }
  }
  return {
    loaded: false,
    reason: `the NVIDIA driver (${names[0]}) is not on this machine`,
    remedy: 'Install the NVIDIA driver; no CUDA toolkit is needed.',
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
