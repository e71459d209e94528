import { TokenizerError } from '../error.js';

/** Longest replacement in bytes. The longest in Unicode's compatibility forms (U+FDFA) takes 33. */
const longestReplacement = 1024;

/** What a rule found: how many bytes it takes and the text that replaces them. */
export interface CharsMapMatch {
  readonly byteLength: number;
  readonly replacement: string;
}

/**
 * Compiled normalisation rules (`precompiled_charsmap`): a length, a double-array trie over UTF-8 (darts-clone's
 * format: github.com/s-yata/darts-clone, `DoubleArrayUnit`), and the replacements, each ended by a zero byte.
 */
export class CharsMap {
  readonly #units: Uint32Array;
  readonly #replacements: Uint8Array;
  readonly #decoded = new Map<number, string>();

  /** @throws E_FORMAT */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const trieBytes = bytes.length >= 4 ? view.getUint32(0, true) : 0;
    if (trieBytes === 0 || trieBytes % 4 !== 0 || 4 + trieBytes >= bytes.length) {
      throw new TokenizerError(
        'E_FORMAT',
        'SentencePiece model: the normalisation rules are cut or malformed.',
      );
    }
    this.#units = Uint32Array.from({ length: trieBytes / 4 }, (_, index) =>
      view.getUint32(4 + 4 * index, true),
    );
    this.#replacements = bytes.subarray(4 + trieBytes);
  }

  /** The rule for the longest run of `bytes` from `start`, if any. @throws E_FORMAT if the rule is malformed */
  match(bytes: Uint8Array, start: number): CharsMapMatch | undefined {
    let byteLength = 0;
    let value = 0;
    let position = this.#offset(0);
    for (let index = start; index < bytes.length; index++) {
      const byte = bytes[index]!;
      position = (position ^ byte) >>> 0;
      const unit = this.#units[position];
      // The label lies in the low 8 bits; the sign bit marks a leaf, which has no label.
      if (unit === undefined || (unit & 0x8000_00ff) >>> 0 !== byte) break;
      const hasLeaf = ((unit >>> 8) & 1) === 1;
      position = (position ^ this.#offset(position)) >>> 0;
      if (hasLeaf) {
        const leaf = this.#units[position];
        if (leaf === undefined) break;
        byteLength = index + 1 - start;
        value = leaf & 0x7fff_ffff;
      }
    }
    return byteLength === 0 ? undefined : { byteLength, replacement: this.#replacement(value) };
  }

  #offset(position: number): number {
    const unit = this.#units[position]!;
    return (unit >>> 10) << ((unit & 0x200) >>> 6);
  }

  #replacement(start: number): string {
    const known = this.#decoded.get(start);
    if (known !== undefined) return known;
    const end = this.#replacements.indexOf(0, start);
    if (start >= this.#replacements.length || end < 0 || end - start > longestReplacement) {
      throw new TokenizerError('E_FORMAT', 'SentencePiece model: a normalisation rule has no replacement.');
    }
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(
      this.#replacements.subarray(start, end),
    );
    this.#decoded.set(start, text);
    return text;
  }
}
