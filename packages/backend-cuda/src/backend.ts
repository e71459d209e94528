import { type Backend, HybraError, type Probe, specVersion, throwIfAborted } from '@hybra/spec';
import { CudaDevice } from './device/cuda-device.js';
import type { DriverLoad } from './driver/driver.js';
import { findDevices } from './driver/find-devices.js';
import { loadDriver } from './driver/load-driver.js';
import { defaultFatbinFolder, hasFatbins } from './fatbin-folder.js';
import type { CudaKernel } from './kernel.js';
import { type KernelOptions, standardKernels } from './kernels/index.js';

/** Options of {@link cuda}. */
export interface CudaOptions extends KernelOptions {
  /** Tried in order; the first that supports a call gets it. Default is `standardKernels()`. */
  readonly kernels?: readonly CudaKernel[];
  /** Folder of compiled kernels. Default is the one of this package. */
  readonly fatbinFolder?: string;
  /** Whether repeated runs of a program are CUDA graphs, and its calls fused. Default is `true`. */
  readonly graphs?: boolean;
  readonly fuse?: boolean;
  /** Whether kernels may start before the ones before them have ended. Default is `true`. */
  readonly overlap?: boolean;
  /** Whether runs of small launches become one that occupies the GPU throughout. Default is `true`. */
  readonly persistent?: boolean;
  /** Default is the driver of this machine. */
  readonly loadDriver?: () => Promise<DriverLoad>;
}

/**
 * NVIDIA GPUs from compute capability 8.0 on, through the driver alone: no toolkit, no PyTorch.
 * @example
 * const registry = createRegistry([cuda(), cpu()]);
 */
export function cuda(options: CudaOptions = {}): Backend {
  const name = 'cuda';
  const folder = options.fatbinFolder ?? defaultFatbinFolder();
  let loading: Promise<DriverLoad> | undefined;
  const find = async () => {
    loading ??= (options.loadDriver ?? loadDriver)();
    const load = await loading;
    if (!load.loaded) return load;
    const found = findDevices(load.driver);
    if (typeof found === 'string') return { loaded: false, reason: found, remedy: undefined } as const;
    if (!hasFatbins(folder)) {
      return {
        loaded: false,
        reason: `${folder} has no compiled kernels`,
        remedy: 'Build the package on a machine with nvcc (node build.mjs), or install a published version.',
      } as const;
    }
    return { loaded: true, driver: load.driver, found } as const;
  };
  return {
    name,
    specVersion,
    async probe(): Promise<Probe> {
      const result = await find();
      if (!result.loaded) {
        return { available: false, reason: result.reason, ...(result.remedy && { remedy: result.remedy }) };
      }
      return {
        available: true,
        devices: result.found.map((device) => ({
          id: String(device.ordinal),
          name: device.name,
          memoryBytes: device.memoryBytes,
        })),
      };
    },
    async open({ id, signal } = {}) {
      throwIfAborted(signal, `open ${name}`);
      const result = await find();
      const refuse = (reason: string): HybraError =>
        new HybraError('E_BACKEND_UNAVAILABLE', `${name}: ${reason}.`, { backend: name, id, reason });
      if (!result.loaded) throw refuse(`${result.reason}. ${result.remedy ?? ''}`.replace(/\.\s*$/, ''));
      const chosen = result.found.find((device) => id === undefined || String(device.ordinal) === id);
      if (!chosen) {
        const known = result.found.map((device) => `${device.ordinal} (${device.name})`).join(', ');
        throw refuse(`there is no device ${id}; there are ${known}`);
      }
      return new CudaDevice({
        backend: name,
        driver: result.driver,
        found: chosen,
        kernels: options.kernels ?? standardKernels({ ...options, capability: chosen.capability }),
        fatbinFolder: folder,
        hasGraphs: options.graphs ?? true,
        isFusing: options.fuse ?? true,
        isOverlapping: options.overlap ?? true,
        isPersistent: options.persistent ?? true,
      });
    },
  };
}
