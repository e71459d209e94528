import { TokenizerError } from '../error.js';
import { arrayAt, booleanAt, formatError, integerAt, objectAt, stringAt } from '../json-value.js';
import { largestTokenId } from '../limits.js';

/** Characters of all added tokens together; the library keeps an object for each. */
const mostCharacters = 1_000_000;
const longestAddedToken = 1024;

/** A token that is found in text before the model sees it. The names are those of the file. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** `added_tokens` of tokenizer.json. @throws E_FORMAT, E_CONFIG */
export function readAddedTokens(value: unknown): AddedToken[] {
  const path = 'tokenizer.json: added_tokens';
  let characters = 0;
  return arrayAt(path, value ?? [], largestTokenId).map((item, index) => {
    const here = `${path}[${index}]`;
    const token = objectAt(here, item);
    const content = stringAt(`${here}.content`, token.content, longestAddedToken);
    characters += content.length;
    if (content === '') throw formatError(`${here}.content`, 'a text that is not empty', content);
    if (characters > mostCharacters) throw formatError(path, 'fewer characters', value);
    if (booleanAt(`${here}.single_word`, token.single_word, false)) {
      // The library has no notion of it (0.2.0, Tokenizer.encode_text).
      throw new TokenizerError('E_CONFIG', `${here}.single_word: not supported.`, { path: here });
    }
    const special = booleanAt(`${here}.special`, token.special, false);
    return {
      id: integerAt(`${here}.id`, token.id, 0, largestTokenId),
      content,
      special,
      lstrip: booleanAt(`${here}.lstrip`, token.lstrip, false),
      rstrip: booleanAt(`${here}.rstrip`, token.rstrip, false),
      normalized: booleanAt(`${here}.normalized`, token.normalized, !special),
    };
  });
}
