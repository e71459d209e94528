import type { TextStream } from './tokenizer.js';

/** Options of {@link TokenCodec.encode}; `undefined` asks for the codec's default. */
export interface CodecEncodeOptions {
  readonly addSpecialTokens: boolean;
  readonly parseSpecialTokens: boolean | undefined;
}

/** One file format's way between text and ids; `assembleTokenizer` makes a `Tokenizer` of it. */
export interface TokenCodec {
  /** One more than the largest id. */
  readonly vocabularySize: number;
  readonly specialTokens: ReadonlyMap<string, number>;
  /** Tokens of beginning and end that the file itself names. */
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  encode(text: string, options: CodecEncodeOptions): number[];
  /** A decoder at the start of a text. Ids are non-negative integers. */
  stream(skipSpecialTokens: boolean): TextStream;
  idOf(token: string): number | undefined;
  tokenOf(id: number): string | undefined;
}
