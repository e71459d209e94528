import { create } from 'webgpu';

/** Options of {@link createGpu}. */
export interface NodeGpuOptions {
  /**
   * Graphics API that Dawn uses. Default is the platform's: Vulkan on Linux, Metal on macOS, D3D12 on Windows.
   * `null` checks everything and computes nothing: for measuring the host, and for shaders that no driver here has.
   */
  readonly api?: 'vulkan' | 'metal' | 'd3d12' | 'opengl' | 'null';
  /** Part of the wanted adapter's name, for machines with several. Default is Dawn's choice. */
  readonly adapter?: string;
  /**
   * Dawn's toggles to switch on, such as `vulkan_enable_f16_on_nvidia`. Default is none: they are not promised
   * to be sound.
   */
  readonly toggles?: readonly string[];
  /** Dawn's toggles to switch off, such as `timestamp_quantization`, which rounds timings to 65 µs. */
  readonly disabledToggles?: readonly string[];
}

/**
 * Dawn's instances by their flags. They are never given back: dawn.node (0.6.2) crashes when an instance is
 * garbage-collected before its adapters and devices, and the collector keeps no order.
 */
const instances = new Map<string, GPU>();

/**
 * WebGPU in Node, by Dawn: what `navigator.gpu` is in browsers. Nothing global is changed; equal options give
 * the same object. Node exits once the devices are disposed of.
 * @throws Error where Dawn does not start; importing this package throws where Dawn has no library for the platform
 * @example
 * const device = await webgpu({ gpu: createGpu() }).open();
 */
export function createGpu({ api, adapter, toggles = [], disabledToggles = [] }: NodeGpuOptions = {}): GPU {
  const flags = [
    ...(api ? [`backend=${api}`] : []),
    ...(adapter ? [`adapter=${adapter}`] : []),
    ...(toggles.length > 0 ? [`enable-dawn-features=${toggles.join(',')}`] : []),
    ...(disabledToggles.length > 0 ? [`disable-dawn-features=${disabledToggles.join(',')}`] : []),
  ];
  const key = flags.join(' ');
  const known = instances.get(key);
  if (known) return known;
  try {
    const gpu = create(flags);
    instances.set(key, gpu);
    return gpu;
  } catch (error) {
    throw new Error(
      `webgpu: Dawn does not start on ${process.platform}-${process.arch}: ${error instanceof Error ? error.message : String(error)}. Use another backend.`,
      { cause: error },
    );
  }
}
