const replacement = '\uFFFD';

/** Bytes of the character that `lead` opens; 0 if it opens none. */
function characterLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/** Whether `byte` may stand at `position` after `lead` (Unicode 16, table 3-7: no surrogates, no long forms). */
function continues(lead: number, position: number, byte: number): boolean {
  if (position === 1) {
    if (lead === 0xe0) return byte >= 0xa0 && byte <= 0xbf;
    if (lead === 0xed) return byte >= 0x80 && byte <= 0x9f;
    if (lead === 0xf0) return byte >= 0x90 && byte <= 0xbf;
    if (lead === 0xf4) return byte >= 0x80 && byte <= 0x8f;
  }
  return byte >= 0x80 && byte <= 0xbf;
}

/**
 * Byte pieces (`<0xF0>`) to text, as they arrive: whole characters only, and one U+FFFD for each byte that is part
 * of none, as SentencePiece has it (sentencepiece_processor.cc, `ProcessBytePieces`).
 */
export class BytePieceDecoder {
  #pending: number[] = [];

  /** Takes the next byte. @returns the text that is now certain */
  push(byte: number): string {
    this.#pending.push(byte);
    return this.#drain(false);
  }

  /** @returns one U+FFFD per byte of an unfinished character */
  end(): string {
    return this.#drain(true);
  }

  #drain(isEnd: boolean): string {
    let text = '';
    while (this.#pending.length > 0) {
      const [lead] = this.#pending as [number];
      const length = characterLength(lead);
      const available = Math.min(length, this.#pending.length);
      let valid = length > 0;
      for (let position = 1; position < available && valid; position++) {
        valid = continues(lead, position, this.#pending[position]!);
      }
      if (valid && available < length) {
        if (!isEnd) break;
        valid = false;
      }
      const used = this.#pending.splice(0, valid ? length : 1);
      text += valid
        ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(used))
        : replacement;
    }
    return text;
  }
}
