import type { DeviceBuffer } from '@hybra/spec';

/** Memory of a native device, by its address. */
export class NativeBuffer implements DeviceBuffer {
  readonly byteLength: number;
  readonly label: string | undefined;
  readonly address: number;
  readonly #release: (buffer: NativeBuffer) => void;
  #isDisposed = false;

  /** @param release called once, on the first `dispose` */
  constructor(
    memory: { readonly address: number; readonly byteLength: number; readonly label: string | undefined },
    release: (buffer: NativeBuffer) => void,
  ) {
    this.address = memory.address;
    this.byteLength = memory.byteLength;
    this.label = memory.label;
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
