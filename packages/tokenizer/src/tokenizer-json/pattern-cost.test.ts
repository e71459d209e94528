import { describe, expect, test } from 'vitest';
import { checkPatternCost } from './pattern-cost.js';

const contractions = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";

describe('patterns of published tokenizers pass', () => {
  test.each([
    `${contractions}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
    `[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lo}\\p{M}]+${contractions}?|\\p{N}`,
    '\\p{N}{1,3}(?=(?:\\p{N}{3})*(?!\\p{N}))',
    ' {2,}',
    '(?:(?=(?:[a-z]|[^b]))[\\s\\S])+',
    "'s|'t|[()\\]]+",
  ])('%s', (source) => {
    expect(() => checkPatternCost(source)).not.toThrow();
    new RegExp(source, 'gu'); // the reader and JavaScript agree that it is one
  });
});

describe('patterns that can run for ever are refused', () => {
  test.each([
    ['(a+)+$', /repeats what itself repeats/],
    ['(?:a|a)*b', /repeats what itself repeats/],
    ['(?:a?){30}a{30}', /repeats what itself repeats/],
    ['(?:(?:a*)*)*', /repeats what itself repeats/],
    ['a*a*a*a*b', /too many repeats/],
    [`${'a?'.repeat(30)}${'a'.repeat(30)}`, /too many repeats/],
    [`${'(?:a|b)'.repeat(20)}c`, /too many repeats/],
    ['(a)\\1', /refers back/],
    ['(?<n>a)\\k<n>', /refers back/],
    ['(?:a{1000}){1000}', /counts too far/],
    ['('.repeat(100) + ')'.repeat(100), /nested too deeply/],
    ['a'.repeat(20_000), /longer than/],
  ])('%s', (source, message) => {
    expect(() => checkPatternCost(source)).toThrow(message);
    expect(() => checkPatternCost(source)).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
  });
});
