import { type DeviceBuffer, HybraError } from '@hybra/spec';

/** Memory of a `PlainDevice`; `owner` counts what is held. */
export class PlainBuffer implements DeviceBuffer {
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  constructor(
    readonly byteLength: number,
    readonly owner: { bytes: number },
  ) {
    this.#bytes = new Uint8Array(byteLength);
    owner.bytes += byteLength;
  }

  /** The bytes from `byteOffset` on, not copied. @throws E_DISPOSED, E_ARGUMENT */
  range(byteOffset: number, byteLength: number): Uint8Array<ArrayBuffer> {
    if (!this.#bytes) throw new HybraError('E_DISPOSED', 'the buffer was disposed of.');
    if (byteOffset < 0 || byteOffset + byteLength > this.byteLength) {
      throw new HybraError(
        'E_ARGUMENT',
        `bytes ${byteOffset} … ${byteOffset + byteLength} lie outside a buffer of ${this.byteLength}.`,
      );
    }
    return this.#bytes.subarray(byteOffset, byteOffset + byteLength);
  }

  dispose(): void {
    if (this.#bytes) this.owner.bytes -= this.byteLength;
    this.#bytes = undefined;
  }
}
