import type { DeviceBuffer } from '@hybra/spec';

/** Something that keeps views of a buffer's memory and must drop them when the memory is freed. */
export interface BufferUser {
  forget(buffer: CpuBuffer): void;
}

/** Memory of a CPU device. */
export class CpuBuffer implements DeviceBuffer {
  readonly byteLength: number;
  readonly label: string | undefined;
  readonly users = new Set<BufferUser>();
  #bytes: Uint8Array;
  #isDisposed = false;
  readonly #release: (buffer: CpuBuffer) => void;

  /** @param release called once, on the first `dispose`; it arranges for `free` */
  constructor(byteLength: number, label: string | undefined, release: (buffer: CpuBuffer) => void) {
    this.byteLength = byteLength;
    this.label = label;
    this.#bytes = new Uint8Array(byteLength);
    this.#release = release;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#release(this);
  }

  /** Lets go of the memory, here and wherever views of it are kept. */
  free(): void {
    this.#bytes = new Uint8Array(0);
    for (const user of this.users) user.forget(this);
    this.users.clear();
  }
}
