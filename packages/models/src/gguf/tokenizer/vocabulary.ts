import type { GgufMetadata } from '../gguf-metadata.js';

/** Kinds of token: `llama_token_type`, which are those of SentencePiece. */
export const tokenKinds = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** The tokens of a GGUF file. */
export interface GgufVocabulary {
  readonly tokens: readonly string[];
  /** One per token, of {@link tokenKinds}; empty where the file has none. */
  readonly kinds: readonly number[];
}

/** @throws E_FORMAT for lists of different lengths, and for kinds of token that there are not */
export function readVocabulary(metadata: GgufMetadata): GgufVocabulary {
  const tokens = metadata.words('tokenizer.ggml.tokens');
  if (!tokens || tokens.length === 0) throw metadata.wrong('tokenizer.ggml.tokens', 'the tokens');
  const kinds = metadata.numbers('tokenizer.ggml.token_type') ?? [];
  if (kinds.length !== 0 && kinds.length !== tokens.length) {
    throw metadata.wrong('tokenizer.ggml.token_type', `one for each of ${tokens.length} tokens`);
  }
  const known: readonly number[] = Object.values(tokenKinds);
  if (!kinds.every((kind) => known.includes(kind))) {
    throw metadata.wrong('tokenizer.ggml.token_type', 'kinds from 1 to 6');
  }
  return { tokens, kinds };
}
