import { type Backend, HybraError, type Probe, specVersion, throwIfAborted } from '@hybra/spec';
import { hasMatrixUnits, requestGpuDevice } from './device/request-gpu-device.js';
import { WebGpuDevice } from './device/webgpu-device.js';
import type { WebGpuKernel } from './kernel.js';
import { standardKernels } from './kernels/index.js';

/** Options of {@link webgpu}. */
export interface WebGpuOptions {
  /** Where adapters come from: `navigator.gpu` in browsers, `@hybra/webgpu-node`'s `createGpu()` in Node. */
  readonly gpu?: GPU | undefined;
  /** A device that the page already has, instead of `gpu`. It is not destroyed with ours. */
  readonly device?: GPUDevice | undefined;
  /** Tried in order; the first that supports a call gets it. Default is {@link standardKernels}. */
  readonly kernels?: readonly WebGpuKernel[];
  /** Whether calls that belong together, such as a norm and the product after it, are computed in one dispatch. Default is `true`. */
  readonly fuse?: boolean;
  /**
   * How products of many rows by 16-bit weights are computed. `float16`: operands rounded to float16 and summed in
   * float32 on matrix units, where the adapter has them (in Node with Dawn's toggles `allow_unsafe_apis` and, on
   * NVIDIA, `vulkan_enable_f16_on_nvidia`). Default is `float32`.
   */
  readonly products?: 'float32' | 'float16';
  /** Name of the backend. Default is `webgpu`. */
  readonly name?: string;
  /** Default is `high-performance`. */
  readonly powerPreference?: GPUPowerPreference;
  /**
   * What to do with an adapter that is a program and no GPU, such as llvmpipe or SwiftShader. `on-request`:
   * `probe` reports it as a reason, so that nobody gets it by default, and `open` opens it. Default is `use`.
   */
  readonly softwareAdapters?: 'use' | 'on-request';
}

const deviceId = '0';

/**
 * The WebGPU backend. It knows neither browsers nor Node: it is given a `GPU`, or a `GPUDevice`.
 * @example
 * const device = await webgpu({ gpu: navigator.gpu }).open();
 */
export function webgpu(options: WebGpuOptions): Backend {
  const name = options.name ?? 'webgpu';
  const kernels = options.kernels ?? standardKernels;
  const powerPreference = options.powerPreference ?? 'high-performance';
  const adapterOf = async (): Promise<GPUAdapter | null> =>
    (await options.gpu?.requestAdapter({ powerPreference })) ?? null;

  const find = async (): Promise<{ readonly probe: Probe; readonly isSoftware: boolean }> => {
    const missing = (reason: string, remedy?: string): Awaited<ReturnType<typeof find>> => ({
      probe: { available: false, reason, ...(remedy !== undefined && { remedy }) },
      isSoftware: false,
    });
    const found = (info: GPUAdapterInfo): Awaited<ReturnType<typeof find>> => ({
      probe: { available: true, devices: [{ id: deviceId, name: adapterName(info) }] },
      isSoftware: info.isFallbackAdapter,
    });
    if (options.device) return found(options.device.adapterInfo);
    if (!options.gpu) {
      return missing(
        'there is no WebGPU here',
        'Use a browser with WebGPU over HTTPS or on localhost, or @hybra/webgpu-node in Node.',
      );
    }
    try {
      const adapter = await adapterOf();
      if (adapter) return found(adapter.info);
      return missing(
        'WebGPU found no adapter',
        'Install or update the GPU driver (on Linux a Vulkan driver; mesa-vulkan-drivers has one for CPUs).',
      );
    } catch (error) {
      return missing(error instanceof Error ? error.message : String(error));
    }
  };

  return {
    name,
    specVersion,
    probe: async () => {
      const { probe, isSoftware } = await find();
      if (!probe.available || !isSoftware || options.softwareAdapters !== 'on-request') return probe;
      return {
        available: false,
        reason: `the only adapter is software: ${probe.devices[0]!.name}`,
        remedy: `Ask for ${name} by name to use it.`,
      };
    },
    open: async ({ id = deviceId, signal } = {}) => {
      throwIfAborted(signal, `open ${name}`);
      const { probe } = await find();
      if (!probe.available || id !== deviceId) {
        const reason = probe.available
          ? `there is no device ${id}; the only one is ${deviceId}`
          : probe.reason;
        const remedy = probe.available ? '' : ` ${probe.remedy ?? ''}`;
        throw new HybraError('E_BACKEND_UNAVAILABLE', `${name}: ${reason}.${remedy}`, { backend: name, id });
      }
      const opened = options.device
        ? { gpu: options.device, info: options.device.adapterInfo }
        : await requestGpuDevice(await adapterOf(), name, options.products === 'float16');
      throwIfAborted(signal, `open ${name}`);
      const { gpu, info } = opened;
      const hasSubgroups = gpu.features.has('subgroups');
      return new WebGpuDevice({
        backend: name,
        name: adapterName(info),
        gpu,
        origin: options.gpu,
        ownsGpu: options.device === undefined,
        kernels,
        isFusing: options.fuse ?? true,
        facts: {
          workgroupBytes: gpu.limits.maxComputeWorkgroupStorageSize,
          workgroupInvocations: gpu.limits.maxComputeInvocationsPerWorkgroup,
          largestBinding: gpu.limits.maxStorageBufferBindingSize,
          usesMatrixUnits: options.products === 'float16' && hasMatrixUnits(gpu),
          storageBuffers: gpu.limits.maxStorageBuffersPerShaderStage,
          subgroupSize:
            hasSubgroups && info.subgroupMinSize === info.subgroupMaxSize ? info.subgroupMaxSize : undefined,
        },
        subgroupSize: hasSubgroups ? info.subgroupMaxSize : undefined,
      });
    },
  };
}

/** What a person calls an adapter. Browsers hide some of it. */
function adapterName({ description, device, vendor, architecture }: GPUAdapterInfo): string {
  return description || device || [vendor, architecture].filter(Boolean).join(' ') || 'WebGPU';
}
