import type { HybraError } from '@hybra/spec';
import { formatError } from '../safetensors/format-error.js';

/** Reads a pickle's bytes in order. Every read is checked against what is left. */
export class PickleCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #at = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#at;
  }

  /** An error about this pickle. */
  error(got: string, expected = 'a state dict of tensors, as torch.save writes it'): HybraError {
    return formatError(this.#what, `${got} (at byte ${this.#at} of its pickle)`, expected, {
      position: this.#at,
    });
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /** A u64 that counts bytes or entries of this pickle. */
  count64(): number {
    const value = this.#view.getBigUint64(this.#advance(8), true);
    if (value > BigInt(this.#bytes.byteLength)) throw this.error(`claims ${value} bytes`);
    return Number(value);
  }

  /** A big-endian double. */
  f64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  text(length: number): string {
    return new TextDecoder().decode(this.bytes(length));
  }

  /** Text up to the end of the line. */
  line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0) throw this.error('is cut off');
    const text = this.text(end - this.#at);
    this.#at = end + 1;
    return text;
  }

  #advance(length: number): number {
    const start = this.#at;
    if (start + length > this.#bytes.byteLength) throw this.error('is cut off');
    this.#at = start + length;
    return start;
  }
}
