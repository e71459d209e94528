export { byteTokenizer } from './byte-tokenizer.js';
export type { ChatMessage, ChatTemplateOptions } from './chat/chat-message.js';
export { TokenizerError, type TokenizerErrorCode } from './error.js';
export { loadTokenizer, type TokenizerFiles } from './load-tokenizer.js';
export type { DecodeOptions, EncodeOptions, TextStream, Tokenizer } from './tokenizer.js';
export { tokenizerFileNames } from './tokenizer-file-names.js';
