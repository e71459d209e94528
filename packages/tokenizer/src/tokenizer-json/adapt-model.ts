import { TokenizerError } from '../error.js';
import {
  arrayAt,
  booleanAt,
  formatError,
  integerAt,
  isJsonObject,
  type JsonObject,
  objectAt,
  stringAt,
} from '../json-value.js';
import { largestTokenId, longestToken } from '../limits.js';

/** Characters of all tokens together; the library keeps a map for each. Real vocabularies have 2 million. */
const mostCharacters = 8_000_000;
const path = 'tokenizer.json: model';

function checkVocabulary(value: unknown): JsonObject {
  const vocabulary = objectAt(`${path}.vocab`, value);
  for (const token in vocabulary) {
    integerAt(`${path}.vocab, id`, vocabulary[token], 0, largestTokenId);
    if (token.length > longestToken) throw formatError(`${path}.vocab`, 'shorter tokens', token);
  }
  return vocabulary;
}

/**
 * Merges as pairs, from both ways in which files write them. Each joins two tokens into a third, or the file is
 * malformed (models/bpe/model.rs of huggingface/tokenizers).
 */
function readMerges(value: unknown, vocabulary: JsonObject): (readonly [string, string])[] {
  return arrayAt(`${path}.merges`, value).map((merge, index) => {
    const here = `${path}.merges[${index}]`;
    const pair = typeof merge === 'string' ? merge.split(' ') : arrayAt(here, merge, 2);
    const [left, right] = pair;
    if (pair.length !== 2 || typeof left !== 'string' || typeof right !== 'string') {
      throw formatError(here, 'two tokens', merge);
    }
    for (const token of [left, right, left + right]) {
      if (!Object.hasOwn(vocabulary, token)) throw formatError(here, 'tokens of the vocabulary', merge);
    }
    return [left, right] as const;
  });
}

function optionalString(name: string, value: unknown): string | null {
  return value === undefined || value === null ? null : stringAt(`${path}.${name}`, value, longestToken);
}

function adaptBpe(model: JsonObject): JsonObject {
  const vocab = checkVocabulary(model.vocab);
  const suffix = optionalString('continuing_subword_prefix', model.continuing_subword_prefix);
  if (suffix) {
    throw new TokenizerError('E_CONFIG', `${path}.continuing_subword_prefix: not supported for BPE.`);
  }
  if (model.dropout)
    throw new TokenizerError('E_CONFIG', `${path}.dropout: only for training, not supported.`);
  return {
    type: 'BPE',
    vocab,
    merges: readMerges(model.merges, vocab),
    unk_token: optionalString('unk_token', model.unk_token),
    end_of_word_suffix: optionalString('end_of_word_suffix', model.end_of_word_suffix),
    fuse_unk: booleanAt(`${path}.fuse_unk`, model.fuse_unk, false),
    byte_fallback: booleanAt(`${path}.byte_fallback`, model.byte_fallback, false),
    ignore_merges: booleanAt(`${path}.ignore_merges`, model.ignore_merges, false),
  };
}

function adaptWordPiece(model: JsonObject): JsonObject {
  const longestWord = model.max_input_chars_per_word ?? 100;
  return {
    type: 'WordPiece',
    vocab: checkVocabulary(model.vocab),
    unk_token: stringAt(`${path}.unk_token`, model.unk_token, longestToken),
    continuing_subword_prefix: stringAt(
      `${path}.continuing_subword_prefix`,
      model.continuing_subword_prefix ?? '##',
      longestToken,
    ),
    // Time grows with the cube of it.
    max_input_chars_per_word: integerAt(`${path}.max_input_chars_per_word`, longestWord, 0, 1000),
  };
}

function adaptUnigram(model: JsonObject): JsonObject {
  let characters = 0;
  const vocab = arrayAt(`${path}.vocab`, model.vocab, largestTokenId).map((entry, index) => {
    const here = `${path}.vocab[${index}]`;
    const [token, score] = arrayAt(here, entry, 2);
    if (typeof score !== 'number' || !Number.isFinite(score))
      throw formatError(here, 'a finite score', score);
    const text = stringAt(here, token, longestToken);
    characters += text.length;
    if (characters > mostCharacters) throw formatError(`${path}.vocab`, 'fewer characters', model.vocab);
    return [text, score] as const;
  });
  if (vocab.length === 0) throw formatError(`${path}.vocab`, 'at least one token', model.vocab);
  const byteFallback = booleanAt(`${path}.byte_fallback`, model.byte_fallback, false);
  if (byteFallback) throw new TokenizerError('E_CONFIG', `${path}.byte_fallback: not supported for Unigram.`);
  const unknown = model.unk_id;
  const hasUnknown = unknown !== undefined && unknown !== null;
  return {
    type: 'Unigram',
    vocab,
    unk_id: hasUnknown ? integerAt(`${path}.unk_id`, unknown, 0, vocab.length - 1) : null,
  };
}

/** What a file without `type` must be, by its fields. */
function impliedType(model: JsonObject): string {
  if (Array.isArray(model.vocab)) return 'Unigram';
  if (model.merges !== undefined) return 'BPE';
  return isJsonObject(model.vocab) && model.continuing_subword_prefix !== undefined
    ? 'WordPiece'
    : 'WordLevel';
}

/**
 * The model of tokenizer.json, checked: only the fields that the library reads.
 * @throws E_FORMAT, E_CONFIG
 */
export function adaptModel(value: unknown): JsonObject {
  const model = objectAt(path, value);
  const type = stringAt(`${path}.type`, model.type ?? impliedType(model));
  if (type === 'BPE') return adaptBpe(model);
  if (type === 'WordPiece') return adaptWordPiece(model);
  if (type === 'Unigram') return adaptUnigram(model);
  throw new TokenizerError(
    'E_CONFIG',
    `${path}: ${type} is not supported; supported are BPE, Unigram, WordPiece.`,
    { type },
  );
}
