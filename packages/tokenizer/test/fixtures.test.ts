import { describe, expect, test } from 'vitest';
import { loadTokenizer, type Tokenizer } from '../src/index.js';
import { type ExpectedCase, readExpected, readFixture, readJsonFixture } from './read-fixture.js';

function checkCases(tokenizer: Tokenizer, cases: readonly ExpectedCase[]): void {
  expect(cases.length).toBeGreaterThan(20);
  for (const { text, ids, decoded } of cases) {
    expect(tokenizer.encode(text), JSON.stringify(text.slice(0, 40))).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(decoded);
    const stream = tokenizer.stream();
    expect(ids.map((id) => stream.push(id)).join('') + stream.end()).toBe(decoded);
  }
}

describe('what the reference libraries gave', () => {
  test('tokenizer.json of gpt-neox-20b', async () => {
    const tokenizer = loadTokenizer({
      tokenizerJson: await readJsonFixture('gpt-neox-20b.tokenizer.json.gz'),
    });
    expect(tokenizer.vocabularySize).toBe(50281);
    checkCases(tokenizer, await readExpected('gpt-neox-20b'));
  });

  test('SentencePiece model of mistral-v3', async () => {
    const tokenizer = loadTokenizer({ sentencepiece: await readFixture('mistral-v3.sentencepiece.model') });
    expect(tokenizer.vocabularySize).toBe(32768);
    expect(tokenizer.bosId).toBe(1);
    expect(tokenizer.eosIds).toEqual([2]);
    checkCases(tokenizer, await readExpected('mistral-v3'));
  });
});
