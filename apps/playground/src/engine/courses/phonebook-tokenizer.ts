import { HybraError } from '@hybra/spec';
import type { Tokenizer } from '@hybra/tokenizer';
import { phonebookIds } from '@hybra/train';

const { padding, colon, newline, question, remember, firstDigit, firstName } = phonebookIds;

/** First names, then last names; as many of each. */
export const phonebookNames: readonly (readonly string[])[] = [
  ['Ada', 'Ben', 'Cleo', 'Dan', 'Eve', 'Finn'],
  ['Ash', 'Beck', 'Cole', 'Dean', 'Ford', 'Gray'],
];

/**
 * Phone books as text: `Ada Gray: 42`, a line each, then `? Ada Gray: `. Spaces do not count.
 * `encode` throws E_ARGUMENT for what no phone book of the training has.
 */
export function phonebookTokenizer(): Tokenizer {
  const [first, last] = phonebookNames as [readonly string[], readonly string[]];
  // What a token is read as, and what it is written as.
  const tokens = new Map<number, readonly [word: string, text: string]>([
    [padding, ['', '']],
    [colon, [':', ': ']],
    [newline, ['\n', '\n']],
    [question, ['?', '? ']],
    [remember, ['!', '! ']],
    ...Array.from(
      { length: 10 },
      (_, digit) => [firstDigit + digit, [String(digit), String(digit)]] as const,
    ),
    ...first.map((name, at) => [firstName + at, [name, `${name} `]] as const),
    ...last.map((name, at) => [firstName + first.length + at, [name, name]] as const),
  ]);
  const ids = new Map([...tokens].map(([id, [word]]) => [word, id]));
  const textOf = (id: number): string => tokens.get(id)?.[1] ?? '';
  const idOfWord = (word: string): number => {
    const id = ids.get(word);
    if (id !== undefined) return id;
    throw new HybraError(
      'E_ARGUMENT',
      `The model has no token for ${JSON.stringify(word)}. It knows ${[...first, ...last].join(', ')}, digits, colons, question marks and line breaks.`,
      { word },
    );
  };
  return {
    vocabularySize: firstName + first.length + last.length,
    specialTokens: new Map(),
    bosId: padding,
    eosIds: [],
    hasChatTemplate: false,
    encode(text, { addSpecialTokens = true } = {}) {
      const words = text.match(/\n|\d|[A-Za-z]+|[^\S\n]+|./gu) ?? [];
      const encoded = words.filter((word) => word === '\n' || word.trim() !== '').map(idOfWord);
      return addSpecialTokens ? [padding, ...encoded] : encoded;
    },
    decode: (encoded) => Array.from(encoded, textOf).join(''),
    stream: () => ({ push: textOf, end: () => '' }),
    idOf: (token) => ids.get(token),
    tokenOf: (id) => tokens.get(id)?.[0],
    applyChatTemplate() {
      throw new HybraError('E_CONFIG', 'A phone book has no chat template. Complete one instead.');
    },
  };
}
