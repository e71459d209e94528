import { describe, expect, test } from 'vitest';
import { tinySentencePiece, tinyTokenizerJsons } from '../test/tiny-models.js';
import { TokenizerError } from './error.js';
import { loadTokenizer } from './load-tokenizer.js';

const tokenizerJson = tinyTokenizerJsons[1];

describe('loadTokenizer', () => {
  test('wants a vocabulary', () => {
    expect(() => loadTokenizer({})).toThrow(expect.objectContaining({ code: 'E_ARGUMENT' }));
  });

  test.each([
    ['tokenizer_config.json', { tokenizerConfig: 3 }],
    ['tokenizer_config.json: bos_token', { tokenizerConfig: { bos_token: [] } }],
    ['special_tokens_map.json', { specialTokensMap: [] }],
    ['generation_config.json', { generationConfig: null }],
    ['eos_token_id', { generationConfig: { eos_token_id: [-1] } }],
    ['chat_template', { tokenizerConfig: { chat_template: 5 } }],
  ])('refuses a malformed %s', (name, files) => {
    expect(() => loadTokenizer({ tokenizerJson, ...files })).toThrow(name);
    expect(() => loadTokenizer({ tokenizerJson, ...files })).toThrow(
      expect.objectContaining({ code: 'E_FORMAT' }),
    );
  });

  test('finds the tokens of beginning and end', () => {
    expect(loadTokenizer({ tokenizerJson })).toMatchObject({ bosId: undefined, eosIds: [] });
    const specialTokensMap = { bos_token: { content: '<s>' }, eos_token: '<s>' };
    expect(loadTokenizer({ tokenizerJson, specialTokensMap })).toMatchObject({ bosId: 16, eosIds: [16] });
    const tokenizerConfig = { eos_token: '</s>', add_eos_token: false, pad_token: null };
    const both = { tokenizerJson, specialTokensMap, tokenizerConfig };
    expect(loadTokenizer(both)).toMatchObject({ bosId: 16, eosIds: [17] });
    const generationConfig = { eos_token_id: [17, 3], bos_token_id: 2 };
    expect(loadTokenizer({ ...both, generationConfig })).toMatchObject({ bosId: 16, eosIds: [17, 3] });
    expect(loadTokenizer({ tokenizerJson, generationConfig })).toMatchObject({ bosId: 2 });
  });

  test('prefers tokenizer.json', () => {
    const both = loadTokenizer({ tokenizerJson, sentencepiece: tinySentencePiece('bpe') });
    expect(both.vocabularySize).toBe(19);
  });

  test('throws errors of the family', () => {
    const error = new TokenizerError('E_FORMAT', 'x') as unknown as Record<symbol, unknown>;
    expect(error[Symbol.for('hybra.error')]).toBe(true);
    expect(TokenizerError.isInstance(new Error('x'))).toBe(false);
  });
});
