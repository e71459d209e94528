import type { DeviceBuffer } from '@hybra/spec';

/** Memory of a WebGPU device. Its size is rounded up to whole words; the rest is never seen. */
export class WebGpuBuffer implements DeviceBuffer {
  readonly byteLength: number;
  readonly label: string | undefined;
  /** Distinguishes buffers in keys of caches. */
  readonly id: number;
  readonly gpuBuffer: GPUBuffer;
  #isDisposed = false;
  readonly #release: (buffer: WebGpuBuffer) => void;

  constructor(options: {
    readonly byteLength: number;
    readonly label: string | undefined;
    readonly id: number;
    readonly gpuBuffer: GPUBuffer;
    /** Called once, on the first `dispose`, while the memory is still there. */
    readonly release: (buffer: WebGpuBuffer) => void;
  }) {
    this.byteLength = options.byteLength;
    this.label = options.label;
    this.id = options.id;
    this.gpuBuffer = options.gpuBuffer;
    this.#release = options.release;
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#release(this);
    // Work already submitted keeps the memory until it is done.
    this.gpuBuffer.destroy();
  }
}

/** Bytes of the GPU buffer for so many bytes: whole vectors of four words, and never nothing. */
export function paddedSize(byteLength: number): number {
  return Math.max(Math.ceil(byteLength / 16) * 16, 16);
}
