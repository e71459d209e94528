import { afterEach, expect, it, vi } from 'vitest';
import { fileTokens } from '../data/token-source.js';
import { nodeModule } from './node-module.js';

afterEach(() => vi.unstubAllGlobals());

it('without Node it says what needs a file and what to do instead', () => {
  vi.stubGlobal('process', undefined);
  expect(() => fileTokens('text.u16', 'u16')).toThrow(
    expect.objectContaining({ code: 'E_IO', message: expect.stringContaining('arrayTokens') }),
  );
});

it('gives the module', () => {
  expect(nodeModule('node:path', 'a test').basename('a/b')).toBe('b');
});
