import { describe, expect, test } from 'vitest';
import { tinySentencePiece, tinySentencePieceWithRules } from '../../test/tiny-models.js';
import { loadTokenizer } from '../load-tokenizer.js';

const sentencepiece = tinySentencePiece('bpe');

describe('special tokens of a SentencePiece model', () => {
  const tokenizer = loadTokenizer({ sentencepiece });

  test('control symbols match text only when asked', () => {
    expect(tokenizer.encode('<s>hello')).not.toContain(1);
    const ids = tokenizer.encode('<s>hello</s>', { parseSpecialTokens: true });
    expect(ids.map((id) => tokenizer.tokenOf(id))).toEqual(['<s>', '▁hello', '</s>']);
  });

  test('user-defined symbols always match, and never merge', () => {
    const tokens = tokenizer.encode('the<sep>the').map((id) => tokenizer.tokenOf(id));
    expect(tokens).toEqual(['▁the', '<sep>', 'the']);
  });

  test('decoding leaves them out when asked', () => {
    const ids = tokenizer.encode('<s>hello</s>', { parseSpecialTokens: true });
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe('hello');
    expect(tokenizer.decode(ids)).toBe('<s> hello</s>');
  });

  test('nothing is added around a text unless the configuration says so', () => {
    expect(tokenizer.encode('the')).toHaveLength(1);
    const adding = loadTokenizer({
      sentencepiece,
      tokenizerConfig: { add_bos_token: true, add_eos_token: true },
    });
    expect(adding.encode('the').map((id) => adding.tokenOf(id))).toEqual(['<s>', '▁the', '</s>']);
    expect(adding.encode('the', { addSpecialTokens: false })).toHaveLength(1);
  });

  test('the configuration adds tokens beyond the model', () => {
    const added = loadTokenizer({
      sentencepiece,
      tokenizerConfig: { added_tokens_decoder: { '500': { content: '<pad>', special: true } } },
    });
    expect(added.vocabularySize).toBe(501);
    expect(added.encode('<pad>', { parseSpecialTokens: true })).toEqual([500]);
    expect(added.decode([500])).toBe('<pad>');
  });
});

test('compiled normalisation rules apply', () => {
  const tokenizer = loadTokenizer({ sentencepiece: tinySentencePieceWithRules() });
  expect(tokenizer.decode(tokenizer.encode('Hello\nthe'))).toBe('hello the');
});

test('an unused piece is split again, a run of unknown characters is one token', () => {
  const bpe = loadTokenizer({ sentencepiece });
  expect(bpe.encode('ehel').map((id) => bpe.tokenOf(id))).not.toContain('hel');
  const unigram = loadTokenizer({ sentencepiece: tinySentencePiece('unigram') });
  expect(unigram.encode('xyz').map((id) => unigram.tokenOf(id))).toEqual(['▁', '<unk>']);
  expect(unigram.decode(unigram.encode('xyz'))).toBe(' \u2047 ');
});
