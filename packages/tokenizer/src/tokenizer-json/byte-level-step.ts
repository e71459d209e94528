import { ByteDecoder } from '../streaming/byte-decoder.js';
import type { DecoderStep } from './decoder-step.js';

/**
 * Bytes by the character that stands for them in byte-level vocabularies: printable ones for themselves, the others
 * from U+0100 on (gpt-2, encoder.py, `bytes_to_unicode`).
 */
function bytesByCharacter(): ReadonlyMap<string, number> {
  const bytes = new Map<string, number>();
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const isPrintable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    bytes.set(String.fromCharCode(isPrintable ? byte : next++), byte);
  }
  return bytes;
}

/**
 * Tokens of a byte-level vocabulary to text. Added tokens are written as they are; so is, as UTF-8, a token with a
 * character that stands for no byte (decoders/byte_level.rs of huggingface/tokenizers).
 */
export function byteLevelStep(addedContents: ReadonlySet<string>): DecoderStep {
  const byteOf = bytesByCharacter();
  const decoder = new ByteDecoder();
  const bytesOf = (token: string): Uint8Array => {
    const bytes = new Uint8Array(token.length);
    for (let index = 0; index < token.length; index++) {
      const byte = byteOf.get(token[index]!);
      if (byte === undefined) return new TextEncoder().encode(token);
      bytes[index] = byte;
    }
    return bytes;
  };
  return {
    push: (token) => [addedContents.has(token) ? decoder.end() + token : decoder.push(bytesOf(token))],
    end: () => [decoder.end()],
  };
}
