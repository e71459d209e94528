import type { FuzzTarget } from '@hybra/testing';
import { loadTokenizer, type Tokenizer } from '../src/index.js';
import { readFixture } from './read-fixture.js';
import { tinySentencePiece, tinySentencePieceWithRules, tinyTokenizerJsons } from './tiny-models.js';

const sample = 'Hello, wörld!  12345\n<s>한국 👩‍👧 $1 the end</s>';

/** Encodes and decodes a short text in every way that a file can influence. */
function exercise(tokenizer: Tokenizer): void {
  for (const parseSpecialTokens of [true, false]) tokenizer.encode(sample, { parseSpecialTokens });
  tokenizer.decode(tokenizer.encode(sample), { skipSpecialTokens: true });
  const stream = tokenizer.stream();
  for (let id = 0; id < 300; id++) stream.push(id);
  stream.end();
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined; // Reading JSON is the caller's part.
  }
}

/** Parsers of this package under `pnpm fuzz`. */
export const fuzzTargets: readonly FuzzTarget[] = [
  {
    name: 'tokenizer-json',
    seeds: async () => [
      ...tinyTokenizerJsons.map((json) => new TextEncoder().encode(JSON.stringify(json))),
      await readFixture('shakespeare.tokenizer.json'),
    ],
    run(bytes) {
      const tokenizerJson = parseJson(bytes);
      if (tokenizerJson !== undefined) exercise(loadTokenizer({ tokenizerJson }));
    },
  },
  {
    name: 'sentencepiece',
    seeds: () => [tinySentencePiece('bpe'), tinySentencePiece('unigram'), tinySentencePieceWithRules()],
    run: (bytes) => exercise(loadTokenizer({ sentencepiece: bytes })),
  },
];
