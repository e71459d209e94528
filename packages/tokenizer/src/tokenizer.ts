import type { ChatMessage, ChatTemplateOptions } from './chat/chat-message.js';

/** Options of {@link Tokenizer.encode}. */
export interface EncodeOptions {
  /**
   * Adds what the file says belongs around a text, such as a token of beginning. Default is `true`. A SentencePiece
   * file says so in `tokenizer_config.json` (`add_bos_token`, `add_eos_token`); without that nothing is added.
   */
  readonly addSpecialTokens?: boolean;
  /**
   * Whether the text of a special token, such as `<|endoftext|>`, becomes its id. Default is what the file's own
   * library does: `true` for tokenizer.json, `false` for SentencePiece, whose control symbols never match text.
   * Set it to `true` for a rendered chat template, to `false` for text from strangers.
   */
  readonly parseSpecialTokens?: boolean;
}

/** Options of {@link Tokenizer.decode} and {@link Tokenizer.stream}. */
export interface DecodeOptions {
  /** Leaves special tokens out of the text. Default is `false`. */
  readonly skipSpecialTokens?: boolean;
}

/** Text from ids that arrive one at a time; all that it gave, joined, equals `decode` of all the ids. */
export interface TextStream {
  /** Takes the next id. @returns the text that is now certain: whole characters, possibly none */
  push(id: number): string;
  /** @returns what was held back, an unfinished character as U+FFFD; the stream starts anew */
  end(): string;
}

/**
 * Text to ids and back.
 * @example
 * const tokenizer = loadTokenizer({ tokenizerJson: JSON.parse(text) });
 * const ids = tokenizer.encode('To be, or not to be');
 * const stream = tokenizer.stream();
 * for (const id of ids) process.stdout.write(stream.push(id));
 * process.stdout.write(stream.end());
 */
export interface Tokenizer {
  /** One more than the largest id. A model's table may be larger (padded). */
  readonly vocabularySize: number;
  /** Text of each special token, and its id. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /** The token of beginning, where the files name one. */
  readonly bosId: number | undefined;
  /** Tokens that end a text: those of the generation configuration, otherwise the tokenizer's own. May be empty. */
  readonly eosIds: readonly number[];
  /** Whether a chat template was given. */
  readonly hasChatTemplate: boolean;

  /**
   * Ids of a text. Lone surrogates are read as U+FFFD.
   * @throws E_ARGUMENT if `text` is not a string; E_FORMAT if the file turns out to be malformed
   */
  encode(text: string, options?: EncodeOptions): number[];
  /**
   * Text of ids, exactly as the tokens say: spaces before punctuation are never cleaned up. Ids without a token
   * (a model's padded table) have no text.
   * @throws E_ARGUMENT if an id is not a non-negative integer
   */
  decode(ids: Iterable<number>, options?: DecodeOptions): string;
  /** Streaming decode that never gives half a character. */
  stream(options?: DecodeOptions): TextStream;
  /** The id of exactly this token (as the vocabulary spells it), special or not. */
  idOf(token: string): number | undefined;
  /** The token with this id, as the vocabulary spells it. */
  tokenOf(id: number): string | undefined;
  /**
   * The text of a conversation as the model expects it. Encode it with
   * `{ addSpecialTokens: false, parseSpecialTokens: true }`: the template has written the special tokens itself.
   * @throws E_CONFIG without a template, or when the template refuses the messages (`raise_exception`);
   *   E_FORMAT if the template does not parse, fails or does not end
   */
  applyChatTemplate(messages: readonly ChatMessage[], options?: ChatTemplateOptions): string;
}
