import { assembleTokenizer } from './assemble-tokenizer.js';
import { ByteDecoder } from './streaming/byte-decoder.js';
import type { TokenCodec } from './token-codec.js';
import type { TextStream, Tokenizer } from './tokenizer.js';

function byteStream(): TextStream {
  const decoder = new ByteDecoder();
  return {
    push: (id) => (id < 256 ? decoder.push(Uint8Array.of(id)) : ''),
    end: () => decoder.end(),
  };
}

const codec: TokenCodec = {
  vocabularySize: 256,
  specialTokens: new Map(),
  bosId: undefined,
  eosId: undefined,
  encode: (text) => Array.from(new TextEncoder().encode(text)),
  stream: byteStream,
  idOf: (token) => (/^<0x[0-9A-F]{2}>$/.test(token) ? Number.parseInt(token.slice(3, 5), 16) : undefined),
  tokenOf: (id) => (id < 256 ? `<0x${id.toString(16).toUpperCase().padStart(2, '0')}>` : undefined),
};

/**
 * The tokenizer of byte-level models: the id of a token is a byte of the text's UTF-8, 0 to 255. No special tokens.
 * @example
 * byteTokenizer().encode('é'); // [195, 169]
 */
export function byteTokenizer(): Tokenizer {
  return assembleTokenizer(codec, {});
}
