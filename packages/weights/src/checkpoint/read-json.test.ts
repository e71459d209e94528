import { describe, expect, it } from 'vitest';
import { bytesDirectory } from './bytes-directory.js';
import type { Directory } from './directory.js';
import { readJson, readOptionalJson } from './read-json.js';
import { readSmallFile } from './read-small-file.js';

const directoryOf = (text: string | Uint8Array): Directory =>
  bytesDirectory({ 'config.json': typeof text === 'string' ? new TextEncoder().encode(text) : text });

describe('bad input', () => {
  it('a missing file is E_IO, or undefined if it is optional', async () => {
    await expect(readJson(directoryOf('{}'), 'absent.json')).rejects.toMatchObject({
      code: 'E_IO',
      message: expect.stringContaining('there is no absent.json'),
    });
    expect(await readOptionalJson(directoryOf('{}'), 'absent.json')).toBeUndefined();
  });
  it('a file above the limit is refused before it is read', async () => {
    let wasClosed = false;
    const source = {
      name: 'config.json',
      size: 64 * 1024 * 1024 + 1,
      read: () => Promise.reject(new Error('was read')),
      close: async () => {
        wasClosed = true;
      },
    };
    const directory: Directory = { name: 'large', open: async () => source };
    await expect(readJson(directory, 'config.json')).rejects.toMatchObject({
      code: 'E_FORMAT',
      message: expect.stringContaining('at most 67108864'),
    });
    expect(wasClosed).toBe(true);
  });
  it.each([
    ['not UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['no JSON', '{"a": tru}'],
    ['257 levels', '['.repeat(257) + ']'.repeat(257)],
    ['a repeated key', '{"a":1,"a":2}'],
    ['nothing', ''],
  ])('%s is E_FORMAT', async (_, content) => {
    await expect(readJson(directoryOf(content), 'config.json')).rejects.toMatchObject({
      code: 'E_FORMAT',
      details: { what: 'memory/config.json' },
    });
  });
  it('an abort is E_ABORTED', async () => {
    const options = { signal: AbortSignal.abort() };
    await expect(readJson(directoryOf('{}'), 'config.json', options)).rejects.toMatchObject({
      code: 'E_ABORTED',
    });
  });
});

it('reads a configuration as Python writes it, with or without a byte order mark', async () => {
  const text = '{"time_step_limit": [0.0, Infinity], "x": {"__float__": "Infinity"}}';
  const expected = { time_step_limit: [0, Number.POSITIVE_INFINITY], x: { __float__: 'Infinity' } };
  expect(await readJson(directoryOf(text), 'config.json')).toStrictEqual(expected);
  expect(await readJson(directoryOf(`\ufeff${text}`), 'config.json')).toStrictEqual(expected);
  expect(await readJson(directoryOf('['.repeat(256) + ']'.repeat(256)), 'config.json')).toHaveLength(1);
});

it('reads small files whole', async () => {
  expect(await readSmallFile(directoryOf('abc'), 'config.json')).toEqual(Uint8Array.of(97, 98, 99));
  expect(await readSmallFile(directoryOf('abc'), 'absent')).toBeUndefined();
  await expect(readSmallFile(directoryOf('abc'), 'config.json', { maximumBytes: 2 })).rejects.toMatchObject({
    code: 'E_FORMAT',
  });
});
