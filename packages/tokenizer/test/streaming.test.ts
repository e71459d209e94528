import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { byteTokenizer, loadTokenizer, type Tokenizer } from '../src/index.js';
import { readFixture, readJsonFixture } from './read-fixture.js';
import { tinySentencePiece, tinyTokenizerJsons } from './tiny-models.js';

function streamed(tokenizer: Tokenizer, ids: readonly number[], skipSpecialTokens: boolean): string[] {
  const stream = tokenizer.stream({ skipSpecialTokens });
  return [...ids.map((id) => stream.push(id)), stream.end()];
}

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.constant('  a  b '));

describe('streaming decode', () => {
  const tokenizers: [string, Tokenizer][] = [
    ['bytes', byteTokenizer()],
    ['tiny bpe model', loadTokenizer({ sentencepiece: tinySentencePiece('bpe') })],
    ['tiny unigram model', loadTokenizer({ sentencepiece: tinySentencePiece('unigram') })],
  ];
  for (const [index, tokenizerJson] of tinyTokenizerJsons.entries()) {
    tokenizers.push([`tiny tokenizer.json ${index}`, loadTokenizer({ tokenizerJson })]);
  }
  beforeAll(async () => {
    const sentencepiece = await readFixture('mistral-v3.sentencepiece.model');
    tokenizers.push(['mistral', loadTokenizer({ sentencepiece })]);
    for (const name of ['gpt-neox-20b.tokenizer.json.gz', 'shakespeare.tokenizer.json']) {
      tokenizers.push([name, loadTokenizer({ tokenizerJson: await readJsonFixture(name) })]);
    }
  });

  test('joined, it is what decode gives, for any ids', () => {
    for (const [name, tokenizer] of tokenizers) {
      const id = fc.oneof(
        fc.nat({ max: Math.min(300, tokenizer.vocabularySize) }),
        fc.nat({ max: tokenizer.vocabularySize + 5 }),
      );
      fc.assert(
        fc.property(fc.array(id, { maxLength: 30 }), fc.boolean(), (ids, skipSpecialTokens) => {
          const whole = tokenizer.decode(ids, { skipSpecialTokens });
          expect(streamed(tokenizer, ids, skipSpecialTokens).join(''), name).toBe(whole);
        }),
      );
    }
  });

  test('no half character is ever given', () => {
    for (const [name, tokenizer] of tokenizers) {
      fc.assert(
        fc.property(text, (given) => {
          const parts = streamed(tokenizer, tokenizer.encode(given), false);
          const isWhole = !given.includes('\ufffd');
          for (const part of parts) {
            expect(/\p{Surrogate}/u.test(part), name).toBe(false);
            if (isWhole) expect(part, name).not.toContain('\ufffd');
          }
        }),
      );
    }
  });

  test('text is given as soon as it is whole, not at the end', () => {
    for (const [name, tokenizer] of tokenizers.filter(([each]) => !each.startsWith('tiny'))) {
      const ids = tokenizer.encode('Hello 한국 world');
      const parts = streamed(tokenizer, ids, false);
      expect(parts.at(-1), name).toBe('');
      expect(parts.filter((part) => part !== '').length, name).toBeGreaterThan(3);
    }
  });

  test('a byte-level text comes back, in the form that the file normalises to', () => {
    const [, neox] = tokenizers.find(([name]) => name.startsWith('gpt-neox'))!;
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (given) => {
        expect(neox.decode(neox.encode(given))).toBe(given.normalize('NFC'));
      }),
    );
  });

  test('a stream starts anew after its end', () => {
    for (const [name, tokenizer] of tokenizers) {
      const ids = tokenizer.encode(' hello the end');
      const stream = tokenizer.stream();
      const once = (): string => ids.map((id) => stream.push(id)).join('') + stream.end();
      expect(once(), name).toBe(once());
    }
  });
});
