import { formatError } from '../safetensors/format-error.js';

/** Thrown when the bytes at hand end before the header does; the caller comes back with more. */
export class HeaderEndsEarly {
  readonly isHeaderEnd = true;
}

/** Longest string of a header in bytes: chat templates have some thousands. */
const longestString = 2 ** 24;

/** Reads the little-endian values of a GGUF header one after the other, from the first bytes of a file. */
export class HeaderCursor {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #decoder = new TextDecoder('utf-8');
  /** Next byte to read. */
  position = 0;

  /** @param file names it in messages @param fileSize bytes of the whole file, which no length may exceed */
  constructor(
    bytes: Uint8Array,
    readonly file: string,
    readonly fileSize: number,
  ) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Moves on by `length` bytes, which must be at hand; gives where they start. @throws HeaderEndsEarly, E_FORMAT */
  take(length: number): number {
    const start = this.position;
    if (start + length > this.fileSize) {
      throw formatError(
        this.file,
        `its header goes on beyond its ${this.fileSize} bytes`,
        'a whole GGUF file: the download is incomplete, or a length in it is wrong',
        { position: start },
      );
    }
    if (start + length > this.#bytes.byteLength) throw new HeaderEndsEarly();
    this.position = start + length;
    return start;
  }

  u8 = (): number => this.#view.getUint8(this.take(1));
  i8 = (): number => this.#view.getInt8(this.take(1));
  u16 = (): number => this.#view.getUint16(this.take(2), true);
  i16 = (): number => this.#view.getInt16(this.take(2), true);
  u32 = (): number => this.#view.getUint32(this.take(4), true);
  i32 = (): number => this.#view.getInt32(this.take(4), true);
  f32 = (): number => this.#view.getFloat32(this.take(4), true);
  f64 = (): number => this.#view.getFloat64(this.take(8), true);
  u64 = (): number => this.#exact(this.#view.getBigUint64(this.take(8), true));
  i64 = (): number => this.#exact(this.#view.getBigInt64(this.take(8), true));
  bool = (): boolean => this.u8() !== 0;

  /** A string: its length in bytes, then UTF-8; what is not becomes U+FFFD. */
  string = (): string => {
    const length = this.u64();
    if (length > longestString) {
      throw formatError(this.file, `a string of its header has ${length} bytes`, `at most ${longestString}`, {
        position: this.position,
      });
    }
    const start = this.take(length);
    return this.#decoder.decode(this.#bytes.subarray(start, start + length));
  };

  #exact(value: bigint): number {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    throw formatError(this.file, `its header has the number ${value}`, 'numbers within 2⁵³', {
      position: this.position,
    });
  }
}
