import { byteTokenizer } from '@hybra/tokenizer';
import { expect, test } from 'vitest';
import { TokenText } from './token-text.js';

const tokenizer = byteTokenizer();
const bytes = (text: string): number[] => tokenizer.encode(text, { addSpecialTokens: false });

/** Feeds a text byte by byte. @returns the tokens' text as it was given, one entry per push, and the rest */
function fed(text: string, stop: readonly string[] = []) {
  const tokens = new TokenText(tokenizer, stop);
  const given: string[][] = [];
  for (const id of bytes(text)) {
    if (!tokens.hasStopped) given.push(tokens.push(id).map((token) => token.text));
  }
  given.push(tokens.end().map((token) => token.text));
  return { given, text: given.flat().join(''), tail: tokens.tail, count: tokens.count };
}

test('half a character at the end is a replacement character, and not lost', () => {
  const tokens = new TokenText(tokenizer, []);
  expect(tokens.push(bytes('é')[0]!)).toEqual([]);
  expect(tokens.end().map(({ text }) => text)).toEqual(['']);
  expect(tokens.tail).toBe('�');
});

test('the tokens of a character are given together, the last one with its text', () => {
  expect(fed('aé').given).toEqual([['a'], [], ['', 'é'], []]);
});

test('what might begin a stop string waits until it is certain', () => {
  expect(fed('abxaby', ['aby']).given.slice(0, 3)).toEqual([[], [], ['a', 'b', 'x']]);
  expect(fed('xab', ['aby'])).toMatchObject({ text: 'xab', count: 3, tail: '' });
});

test('tokens end before the stop string, empty stop strings are none', () => {
  expect(fed('one\n\ntwo', ['\n\n', ''])).toMatchObject({ text: 'one', count: 3, tail: '' });
});

test('text of a token that reaches into the stop string is the tail', () => {
  const whole = { encode: tokenizer.encode, stream: () => ({ push: () => 'hello STOP', end: () => '' }) };
  const tokens = new TokenText({ ...tokenizer, ...whole }, ['STOP']);
  expect(tokens.push(1)).toEqual([]);
  expect(tokens).toMatchObject({ hasStopped: true, tail: 'hello ', count: 0 });
});
