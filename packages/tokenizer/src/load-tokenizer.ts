import { assembleTokenizer } from './assemble-tokenizer.js';
import { readChatTemplates } from './chat/chat-templates.js';
import { TokenizerError } from './error.js';
import { objectAt } from './json-value.js';
import { sentencePieceCodec } from './sentencepiece/sentence-piece-codec.js';
import { readSpecialTokenSettings } from './special-token-settings.js';
import type { Tokenizer } from './tokenizer.js';
import { tokenizerJsonCodec } from './tokenizer-json/tokenizer-json-codec.js';

/** Contents of a model's tokenizer files; `tokenizerFileNames` says what they are called. JSON is given parsed. */
export interface TokenizerFiles {
  /** tokenizer.json. Wins over `sentencepiece` when both are given. */
  readonly tokenizerJson?: unknown;
  /** A SentencePiece model (`tokenizer.model`): its bytes. */
  readonly sentencepiece?: Uint8Array | undefined;
  /** tokenizer_config.json: names of special tokens, the chat template, what SentencePiece adds around a text. */
  readonly tokenizerConfig?: unknown;
  /** special_tokens_map.json */
  readonly specialTokensMap?: unknown;
  /** generation_config.json: which ids end a text. */
  readonly generationConfig?: unknown;
  /** chat_template.jinja */
  readonly chatTemplate?: string | undefined;
}

/**
 * A tokenizer from the contents of its files.
 * @throws E_FORMAT if a file is malformed; E_CONFIG if it asks for something unknown or unsupported;
 *   E_ARGUMENT if neither `tokenizerJson` nor `sentencepiece` is given
 * @example
 * const tokenizer = loadTokenizer({ tokenizerJson: JSON.parse(await readFile('tokenizer.json', 'utf8')) });
 * tokenizer.decode(tokenizer.encode('Now is the winter'));
 */
export function loadTokenizer(files: TokenizerFiles): Tokenizer {
  const { tokenizerJson, sentencepiece, tokenizerConfig } = files;
  const configuration =
    tokenizerConfig === undefined ? {} : objectAt('tokenizer_config.json', tokenizerConfig);
  let codec = tokenizerJson === undefined ? undefined : tokenizerJsonCodec(tokenizerJson);
  if (codec === undefined && sentencepiece !== undefined) {
    codec = sentencePieceCodec(sentencepiece, configuration);
  }
  if (codec === undefined) {
    throw new TokenizerError(
      'E_ARGUMENT',
      'loadTokenizer: expected tokenizerJson or sentencepiece, got neither. A model without a tokenizer of its own ' +
        'may be byte-level (byteTokenizer) or use that of another model.',
    );
  }
  return assembleTokenizer(codec, {
    ...readSpecialTokenSettings(files, codec),
    chatTemplates: readChatTemplates(files.chatTemplate, configuration.chat_template),
  });
}
