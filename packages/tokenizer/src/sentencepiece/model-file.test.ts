import { describe, expect, test } from 'vitest';
import {
  type TinyModel,
  tinyPieces,
  tinySentencePiece,
  writeCharsMap,
  writeModel,
} from '../../test/tiny-models.js';
import { loadTokenizer } from '../load-tokenizer.js';

const pieces = tinyPieces(false);

function load(model: Partial<TinyModel>): unknown {
  return loadTokenizer({ sentencepiece: writeModel({ pieces, algorithm: 1, ...model }) });
}

describe('a malformed SentencePiece model is refused', () => {
  const whole = tinySentencePiece('unigram');

  test('wherever it is cut', () => {
    for (let length = 0; length < whole.length; length++) {
      const cut = (): unknown => loadTokenizer({ sentencepiece: whole.subarray(0, length) });
      // Cut between two pieces a file is whole again, and loads if it has an unknown piece.
      try {
        cut();
      } catch (error) {
        expect(error).toMatchObject({ code: 'E_FORMAT' });
      }
    }
    expect(() => loadTokenizer({ sentencepiece: whole.subarray(0, 5) })).toThrow(/passes the end at byte 2/);
  });

  test.each([
    ['no pieces', { pieces: [] }, 'E_FORMAT', /no pieces/],
    ['no unknown piece', { pieces: pieces.slice(1) }, 'E_FORMAT', /no unknown piece/],
    ['two unknown pieces', { pieces: [...pieces, { text: 'x', kind: 2 }] }, 'E_FORMAT', /two unknown/],
    ['a piece twice', { pieces: [...pieces, { text: 'h' }] }, 'E_FORMAT', /repeats piece/],
    ['an empty piece', { pieces: [...pieces, { text: '' }] }, 'E_FORMAT', /no text/],
    ['an unknown kind', { pieces: [...pieces, { text: 'x', kind: 9 }] }, 'E_FORMAT', /no kind of piece 9/],
    [
      'a score that is NaN',
      { pieces: [...pieces, { text: 'x', score: Number.NaN }] },
      'E_FORMAT',
      /not finite/,
    ],
    ['missing bytes', { byteFallback: true }, 'E_FORMAT', /all 256 byte pieces, got 0/],
    ['bytes without fallback', { pieces: tinyPieces(true) }, 'E_FORMAT', /no byte pieces, got 256/],
    ['word model', { algorithm: 3 }, 'E_CONFIG', /algorithm is word/],
    ['an unknown algorithm', { algorithm: 9 }, 'E_CONFIG', /algorithm is 9/],
    ['rules that are cut', { normalizer: [18, 2, 0, 0] }, 'E_FORMAT', /rules are cut/],
  ] as const)('%s', (_name, model, code, message) => {
    const attempt = (): unknown => load(model as Partial<TinyModel>);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ code }));
  });

  test('a text that is not UTF-8', () => {
    const bytes = whole.slice();
    bytes[bytes.indexOf('<'.charCodeAt(0))] = 0xff;
    expect(() => loadTokenizer({ sentencepiece: bytes })).toThrow(/not UTF-8/);
  });

  test('a rule without a replacement, when it is met', () => {
    const rules = writeCharsMap({ H: 'h' });
    const cut = rules.subarray(0, rules.length - 1); // the zero byte that ends the replacement
    const normalizer = [18, 0x80 | (cut.length & 0x7f), cut.length >> 7, ...cut];
    const tokenizer = loadTokenizer({ sentencepiece: writeModel({ pieces, algorithm: 1, normalizer }) });
    expect(tokenizer.encode('he').length).toBeGreaterThan(0);
    expect(() => tokenizer.encode('He')).toThrow(expect.objectContaining({ code: 'E_FORMAT' }));
  });
});
