import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteTokenizer } from './byte-tokenizer.js';

const tokenizer = byteTokenizer();

test('ids are the bytes of the text', () => {
  expect(tokenizer.vocabularySize).toBe(256);
  expect(tokenizer.encode('é\0')).toEqual([195, 169, 0]);
  expect(tokenizer.tokenOf(10)).toBe('<0x0A>');
  expect(tokenizer.idOf('<0xFF>')).toBe(255);
  expect(tokenizer.decode([104, 105, 256, 100_000])).toBe('hi');
});

test('any text comes back; lone surrogates as U+FFFD', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    }),
  );
  expect(tokenizer.decode(tokenizer.encode('a\ud800b'))).toBe('a\ufffdb');
  expect(tokenizer.decode(tokenizer.encode('\ufeffa'))).toBe('\ufeffa');
});

test('any bytes decode as TextDecoder has them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(tokenizer.decode(bytes)).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
    }),
  );
});
