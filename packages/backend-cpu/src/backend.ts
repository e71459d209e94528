import { type Backend, HybraError, specVersion, throwIfAborted } from '@hybra/spec';
import { CpuDevice } from './device/cpu-device.js';
import type { CpuKernel } from './kernel.js';
import { standardKernels } from './kernels/index.js';

/** Options of {@link cpu}. */
export interface CpuOptions {
  /** Tried in order; the first that supports a call gets it. Default is {@link standardKernels}. */
  readonly kernels?: readonly CpuKernel[];
  /** Name of the backend. Default is `cpu`; give another to use two CPU devices side by side. */
  readonly name?: string;
  /** Bytes that buffers and arenas of one device may take together. Default is no limit but the engine's. */
  readonly memoryLimitBytes?: number;
}

const deviceId = '0';

/**
 * The reference backend: plain loops in JavaScript, every op of the contract, in Node and in browsers.
 * Each `open` gives a device of its own.
 * @example
 * const device = await cpu().open();
 * const buffer = device.allocate(16);
 * @throws E_ARGUMENT for a negative memory limit
 */
export function cpu(options: CpuOptions = {}): Backend {
  const name = options.name ?? 'cpu';
  const kernels = options.kernels ?? standardKernels;
  const memoryLimitBytes = options.memoryLimitBytes ?? Number.POSITIVE_INFINITY;
  if (!(memoryLimitBytes >= 0)) {
    throw new HybraError('E_ARGUMENT', `cpu: memoryLimitBytes is ${memoryLimitBytes}, expected 0 or more.`, {
      memoryLimitBytes,
    });
  }
  return {
    name,
    specVersion,
    probe: async () => ({
      available: true,
      devices: [{ id: deviceId, name: 'CPU reference (JavaScript)' }],
    }),
    open: async ({ id = deviceId, signal } = {}) => {
      throwIfAborted(signal, `open ${name}`);
      if (id !== deviceId) {
        throw new HybraError(
          'E_BACKEND_UNAVAILABLE',
          `${name}: there is no device ${id}; the only one is ${deviceId}.`,
          { backend: name, id },
        );
      }
      return new CpuDevice({ backend: name, kernels, memoryLimitBytes });
    },
  };
}
