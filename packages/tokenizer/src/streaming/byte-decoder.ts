/**
 * Bytes of UTF-8 to text, as they arrive: gives whole characters only. A malformed run becomes one U+FFFD as the
 * WHATWG Encoding Standard (section 8.1.1) and Rust's `from_utf8_lossy` have it. A byte order mark is kept.
 */
export class ByteDecoder {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  /** Takes bytes. @returns the text that is now certain */
  push(bytes: Uint8Array): string {
    return this.#decoder.decode(bytes, { stream: true });
  }

  /** @returns U+FFFD for an unfinished character, otherwise nothing */
  end(): string {
    return this.#decoder.decode();
  }
}
