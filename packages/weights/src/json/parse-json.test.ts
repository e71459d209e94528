import { describe, expect, it } from 'vitest';
import { parseJson } from './parse-json.js';

const options = { what: 'test', allowNonFinite: true, maximumDepth: 8 };
const formatError = expect.objectContaining({ code: 'E_FORMAT' });

describe('bad input', () => {
  it.each([
    '',
    ' ',
    '{',
    '}',
    '[',
    '[1',
    '[1,',
    '[1,]',
    '[,1]',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{a:1}',
    "{'a':1}",
    '{"a" 1}',
    '{"a":1 "b":2}',
    '[1 2]',
    '1 2',
    '{}{}',
    'nul',
    'nulll',
    'True',
    'truefalse',
    'inf',
    'Inf',
    '+1',
    '01',
    '1.',
    '.5',
    '1e',
    '0x10',
    '--1',
    '-',
    '-NaN',
    '"',
    '"a',
    '"\\',
    '"\\"',
    '"\\x"',
    '"\\u12"',
    '"\\u12G4"',
    '"a\nb"',
    '"\u0000"',
    '\ufeff{}',
    '/* */ 1',
    '// 1',
    '[1]]',
    '\u00a01',
    'undefined',
    '- 1',
    '[1,,2]',
    'NaN1',
  ])('refuses %j', (text) => {
    expect(() => parseJson(text, options)).toThrow(formatError);
  });
  it('refuses a repeated key, also an escaped one and one that objects inherit', () => {
    expect(() => parseJson('{"a":1,"a":1}', options)).toThrow(/each key of an object once/);
    expect(() => parseJson('{"a":1,"\\u0061":1}', options)).toThrow(formatError);
    expect(() => parseJson('{"__proto__":1,"__proto__":2}', options)).toThrow(formatError);
    expect(parseJson('{"toString":1,"constructor":2}', options)).toEqual({ toString: 1, constructor: 2 });
  });
  it('bounds nesting exactly', () => {
    expect(parseJson('[[[[[[[[]]]]]]]]', options)).toEqual([[[[[[[[]]]]]]]]);
    expect(() => parseJson('[[[[[[[[[]]]]]]]]]', options)).toThrow(/8 levels/);
    expect(() => parseJson('['.repeat(1e6), options)).toThrow(formatError);
    expect(() => parseJson('{"a":'.repeat(1e6), options)).toThrow(formatError);
    expect(parseJson('[[],[],[],[],[],[],[],[],[]]', options)).toHaveLength(9);
  });
  it('refuses non-finite numbers unless they are allowed', () => {
    const strict = { ...options, allowNonFinite: false };
    for (const text of ['Infinity', '[-Infinity]', '{"a":NaN}']) {
      expect(() => parseJson(text, strict)).toThrow(formatError);
    }
  });
  it('says where, and shows no content', () => {
    expect(() => parseJson('{"secret": 12 oops}', options)).toThrow(
      'test: not valid JSON at character 14 of 19. Expected a comma or }.',
    );
  });
});

it('reads what Python writes for numbers that are not finite, and leaves strings alone', () => {
  expect(
    parseJson('[0.0, Infinity, -Infinity, NaN, "Infinity, NaN", {"__float__": "Infinity"}]', options),
  ).toEqual([
    0,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
    'Infinity, NaN',
    { __float__: 'Infinity' },
  ]);
});

it('touches no prototype', () => {
  const value = parseJson('{"__proto__": {"polluted": true}, "a": {"__proto__": null}}', options) as object;
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(Object.hasOwn(value, '__proto__')).toBe(true);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  expect((value as { polluted?: boolean }).polluted).toBeUndefined();
});

it.each([
  'null',
  ' true ',
  '\t\r\n false',
  '"',
  '-0',
  '0',
  '1e5',
  '1E+5',
  '-1.25e-3',
  '123456789012345678901',
  '1e999',
  '""',
  '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u20ac\\ud83d\\ude00"',
  '"€😀"',
  '"\\ud800"',
  '[]',
  '{}',
  '[1, [2, {"a": [3]}], "x"]',
  '{"1": 1, "0": 0, "": {}, "a b": [null]}',
  '"\u007f\u2028"',
])('agrees with JSON.parse on %j', (text) => {
  let expected: unknown;
  try {
    expected = JSON.parse(text);
  } catch {
    expect(() => parseJson(text, options)).toThrow(formatError);
    return;
  }
  const value = parseJson(text, { ...options, allowNonFinite: false });
  expect(value).toStrictEqual(expected);
  expect(JSON.stringify(value)).toBe(JSON.stringify(expected));
});
