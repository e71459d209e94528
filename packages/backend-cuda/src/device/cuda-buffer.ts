import type { DeviceBuffer } from '@hybra/spec';
import type { Block } from './memory-pool.js';

/** Memory of a CUDA device. */
export class CudaBuffer implements DeviceBuffer {
  readonly byteLength: number;
  readonly label: string | undefined;
  readonly block: Block;
  #isDisposed = false;
  readonly #release: (buffer: CudaBuffer) => void;

  /** @param release called once, on the first `dispose` */
  constructor(
    byteLength: number,
    label: string | undefined,
    block: Block,
    release: (buffer: CudaBuffer) => void,
  ) {
    this.byteLength = byteLength;
    this.label = label;
    this.block = block;
    this.#release = release;
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#release(this);
  }
}
