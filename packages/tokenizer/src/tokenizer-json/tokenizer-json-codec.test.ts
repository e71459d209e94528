import { describe, expect, test } from 'vitest';
import { tinyTokenizerJsons } from '../../test/tiny-models.js';
import { loadTokenizer } from '../load-tokenizer.js';

const bpe = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] };
const nested = (type: string, field: string, depth: number): unknown =>
  depth === 0 ? { type: 'Fuse' } : { type, [field]: [nested(type, field, depth - 1)] };

describe('a malformed tokenizer.json is refused', () => {
  test.each([
    ['no object', [], 'E_FORMAT', /tokenizer.json: expected an object, got an array/],
    ['no model', {}, 'E_FORMAT', /model: expected an object/],
    [
      'an unknown model',
      { model: { type: 'WordLevel', vocab: {} } },
      'E_CONFIG',
      /WordLevel is not supported/,
    ],
    ['an id that is no integer', { model: { ...bpe, vocab: { a: 0.5 } } }, 'E_FORMAT', /vocab, id/],
    ['an id that is huge', { model: { ...bpe, vocab: { a: 4e9 } } }, 'E_FORMAT', /vocab, id/],
    ['merges of three', { model: { ...bpe, merges: ['a b c'] } }, 'E_FORMAT', /merges\[0\]: expected two/],
    ['merges of strangers', { model: { ...bpe, merges: ['b a'] } }, 'E_FORMAT', /merges\[0\]/],
    ['dropout', { model: { ...bpe, dropout: 0.1 } }, 'E_CONFIG', /dropout/],
    ['an empty unigram', { model: { type: 'Unigram', vocab: [] } }, 'E_FORMAT', /at least one/],
    ['an unknown normalizer', { model: bpe, normalizer: { type: 'x' } }, 'E_CONFIG', /normalizer x/],
    ['a prototype’s name', { model: bpe, pre_tokenizer: { type: 'constructor' } }, 'E_CONFIG', /constructor/],
    ['a prototype’s name', { model: bpe, decoder: { type: 'toString' } }, 'E_CONFIG', /toString/],
    ['an unknown post-processor', { model: bpe, post_processor: { type: 'x' } }, 'E_CONFIG', /processor x/],
    [
      'pieces of length 0',
      { model: bpe, pre_tokenizer: { type: 'FixedLength', length: 0 } },
      'E_FORMAT',
      /length/,
    ],
    [
      'deep nesting',
      { model: bpe, decoder: nested('Sequence', 'decoders', 50) },
      'E_CONFIG',
      /nested too deeply/,
    ],
    [
      'a replacement that explodes',
      {
        model: bpe,
        normalizer: {
          type: 'Sequence',
          normalizers: Array(9).fill({ type: 'Replace', pattern: { String: 'a' }, content: 'aaaa' }),
        },
      },
      'E_CONFIG',
      /growing the text too much/,
    ],
    [
      'a pattern that can run for ever',
      { model: bpe, pre_tokenizer: { type: 'Split', pattern: { Regex: '(a+)+$' }, behavior: 'Isolated' } },
      'E_CONFIG',
      /take for ever/,
    ],
    [
      'a pattern that is none',
      { model: bpe, pre_tokenizer: { type: 'Split', pattern: { Regex: '(a' }, behavior: 'Isolated' } },
      'E_FORMAT',
      /failed inside the library/,
    ],
    ['an empty added token', { model: bpe, added_tokens: [{ id: 3, content: '' }] }, 'E_FORMAT', /not empty/],
    [
      'single_word',
      { model: bpe, added_tokens: [{ id: 3, content: 'x', single_word: true }] },
      'E_CONFIG',
      /single/,
    ],
  ])('%s', (_name, tokenizerJson, code, message) => {
    const attempt = (): unknown => loadTokenizer({ tokenizerJson });
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ code }));
  });

  test('a token without an id, when it is met', () => {
    const post_processor = { type: 'BertProcessing', cls: ['[CLS]', 7], sep: ['[SEP]', 8] };
    const tokenizer = loadTokenizer({ tokenizerJson: { model: bpe, post_processor } });
    expect(() => tokenizer.encode('ab')).toThrow(expect.objectContaining({ code: 'E_FORMAT' }));
    expect(tokenizer.encode('ab', { addSpecialTokens: false })).toEqual([2]);
  });
});

describe('special tokens of a tokenizer.json', () => {
  const tokenizer = loadTokenizer({ tokenizerJson: tinyTokenizerJsons[1] });

  test('are parsed unless asked not to, and added around either way', () => {
    expect(tokenizer.specialTokens).toEqual(
      new Map([
        ['<s>', 16],
        ['</s>', 17],
      ]),
    );
    expect(tokenizer.encode('<s>hello')).toEqual([16, 16, 9]);
    expect(tokenizer.encode('<s>hello', { addSpecialTokens: false })).toEqual([16, 9]);
    // '<', 's' and '>' are not in this vocabulary, so as text they are dropped.
    expect(tokenizer.encode('<s>hello', { parseSpecialTokens: false })).toEqual([16, 9]);
    expect(tokenizer.encode('<s>', { parseSpecialTokens: false, addSpecialTokens: false })).toEqual([]);
  });

  test('are left out when decoding, if asked', () => {
    expect(tokenizer.decode([16, 9, 17])).toBe('<s>hello</s>');
    expect(tokenizer.decode([16, 9, 17], { skipSpecialTokens: true })).toBe('hello');
  });
});

test('ids without a token have no text', () => {
  const tokenizer = loadTokenizer({ tokenizerJson: { model: bpe, decoder: { type: 'ByteLevel' } } });
  expect(tokenizer.decode([2, 999, 0])).toBe('aba');
  expect(() => tokenizer.decode([-1])).toThrow(expect.objectContaining({ code: 'E_ARGUMENT' }));
  expect(() => tokenizer.stream().push(0.5)).toThrow(expect.objectContaining({ code: 'E_ARGUMENT' }));
});
