import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { TokenizerError } from '../error.js';
import { type JsonObject, objectAt } from '../json-value.js';
import type { TokenCodec } from '../token-codec.js';
import type { TextStream } from '../tokenizer.js';
import { typedFailure } from '../typed-failure.js';
import { adaptModel } from './adapt-model.js';
import { adaptNormalizer } from './adapt-normalizer.js';
import { adaptPostProcessor } from './adapt-post-processor.js';
import { adaptPreTokenizer } from './adapt-pre-tokenizer.js';
import { type AddedToken, readAddedTokens } from './added-tokens.js';
import { createDecoder } from './create-decoder.js';

/** Tokens by id and back: the model's vocabulary, the added tokens over it. */
interface TokenTable {
  readonly idOf: (token: string) => number | undefined;
  readonly tokens: readonly (string | undefined)[];
}

function createTable(model: JsonObject, added: readonly AddedToken[]): TokenTable {
  const { vocab } = model;
  const entries: (readonly [string, number])[] = Array.isArray(vocab)
    ? vocab.map(([token]: readonly [string], id) => [token, id] as const)
    : Object.entries(vocab as Readonly<Record<string, number>>);
  let size = 0;
  for (const [, id] of entries) size = Math.max(size, id + 1);
  for (const { id } of added) size = Math.max(size, id + 1);
  const tokens = new Array<string | undefined>(size).fill(undefined);
  const ids = new Map(entries);
  for (const [token, id] of entries) tokens[id] = token;
  for (const { content, id } of added) {
    tokens[id] = content;
    ids.set(content, id);
  }
  return { tokens, idOf: (token) => ids.get(token) };
}

/**
 * The codec of a tokenizer.json (format of huggingface/tokenizers). Encoding is the library's, after the file has
 * been checked and put into the form in which the library does what the file says; decoding is this package's own.
 * @throws E_FORMAT, E_CONFIG
 */
export function tokenizerJsonCodec(json: unknown): TokenCodec {
  const file = objectAt('tokenizer.json', json);
  const added = readAddedTokens(file.added_tokens);
  const model = adaptModel(file.model);
  const pipeline = {
    normalizer: adaptNormalizer(file.normalizer),
    pre_tokenizer: adaptPreTokenizer(file.pre_tokenizer),
    post_processor: adaptPostProcessor(file.post_processor),
    // The library wants the field; decoding does not go through it.
    decoder: null,
    model,
  };
  const library = (tokens: readonly AddedToken[]): LibraryTokenizer =>
    typedFailure('tokenizer.json', () => new LibraryTokenizer({ ...pipeline, added_tokens: tokens }, {}));
  const parsing = library(added);
  const table = createTable(model, added);
  const createSteps = createDecoder(file.decoder, new Set(added.map(({ content }) => content)));
  const specialTokens = new Map(
    added.filter(({ special }) => special).map(({ content, id }) => [content, id]),
  );
  const specialIds = new Set(specialTokens.values());

  /** Takes special tokens for text. Made when it is first asked for. */
  let made: LibraryTokenizer | undefined;
  const plain = (): LibraryTokenizer => {
    made ??= library(added.filter(({ special }) => !special));
    return made;
  };
  /** What the post-processor puts around ids: its special tokens are not among those that `plain()` knows. */
  const surrounded = (ids: readonly number[]): number[] => {
    const place = '\u0000';
    const { tokens } = typedFailure(
      'tokenizer.json: post_processor',
      () => parsing.post_processor?.post_process([place]) ?? { tokens: [place] },
    );
    return tokens.flatMap((token) => (token === place ? ids : [table.idOf(token)!]));
  };

  return {
    vocabularySize: table.tokens.length,
    specialTokens,
    bosId: undefined,
    eosId: undefined,
    encode(text, { addSpecialTokens, parseSpecialTokens = true }) {
      const chosen = parseSpecialTokens ? parsing : plain();
      const { ids } = typedFailure('tokenizer.json: encode', () =>
        chosen.encode(text, { add_special_tokens: addSpecialTokens && parseSpecialTokens }),
      );
      const all = addSpecialTokens && !parseSpecialTokens ? surrounded(ids) : ids;
      // The library leaves a hole where it finds no id, such as for a post-processor's token that is nowhere.
      if (all.some((id) => id === undefined || id === null)) {
        throw new TokenizerError(
          'E_FORMAT',
          'tokenizer.json: encode: a token has no id and there is no unknown one.',
        );
      }
      return all;
    },
    stream(skipSpecialTokens): TextStream {
      const steps = createSteps();
      return {
        push(id) {
          const token = table.tokens[id];
          if (token === undefined || (skipSpecialTokens && specialIds.has(id))) return '';
          return steps.push(token).join('');
        },
        end: () => steps.end().join(''),
      };
    },
    idOf: table.idOf,
    tokenOf: (id) => table.tokens[id],
  };
}
