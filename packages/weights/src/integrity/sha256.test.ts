import { afterEach, describe, expect, it, vi } from 'vitest';
import { bytesSource } from '../sources/bytes-source.js';
import { hashCheck } from './hash-check.js';
import { sha256Hex, sha256OfSource } from './sha256.js';

const abc = new TextEncoder().encode('abc');
// FIPS 180-4, example "abc"; and the hash of nothing.
const hashOfAbc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const hashOfNothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const source = () => bytesSource(abc, 'abc');

afterEach(() => vi.unstubAllGlobals());

describe('bad input', () => {
  it.each(['', 'ba78', `${hashOfAbc}0`, hashOfAbc.replace('b', 'g'), ` ${hashOfAbc.slice(1)}`])(
    'hashCheck refuses the expected value %j',
    async (expected) => {
      await expect(hashCheck(source(), expected)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    },
  );
  it('hashCheck refuses another file, and says both hashes', async () => {
    await expect(hashCheck(source(), hashOfNothing)).rejects.toMatchObject({
      code: 'E_FORMAT',
      details: { source: 'abc', actual: hashOfAbc, expected: hashOfNothing },
    });
  });
  it('stops for an abort', async () => {
    await expect(hashCheck(source(), hashOfAbc, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'E_ABORTED',
    });
  });
});

it('hashes bytes, also those in shared memory and views', async () => {
  expect(await sha256Hex(abc)).toBe(hashOfAbc);
  expect(await sha256Hex(new Uint8Array(0))).toBe(hashOfNothing);
  const shared = new Uint8Array(new SharedArrayBuffer(5), 1, 3);
  shared.set(abc);
  expect(await sha256Hex(shared)).toBe(hashOfAbc);
});

it('accepts upper-case digits', async () => {
  await hashCheck(source(), hashOfAbc.toUpperCase());
});

describe.each(['with Node', 'without'])('%s', (environment) => {
  it('hashes a source of several parts', async () => {
    const bytes = new Uint8Array(8 * 1024 * 1024 + 5).map((_, index) => index % 255);
    const expected = await sha256Hex(bytes);
    if (environment === 'without') vi.stubGlobal('process', undefined);
    const progress: number[] = [];
    const onProgress = (done: number) => progress.push(done);
    expect(await sha256OfSource(bytesSource(bytes, 'large'), { onProgress })).toBe(expected);
    expect(progress).toEqual([8 * 1024 * 1024, bytes.byteLength]);
    expect(await sha256OfSource(bytesSource(new Uint8Array(0), 'empty'))).toBe(hashOfNothing);
  });
});

it('refuses to hash more than 1 GiB in memory', async () => {
  vi.stubGlobal('process', undefined);
  const large = { ...source(), size: 2 ** 30 + 1 };
  await expect(sha256OfSource(large)).rejects.toMatchObject({ code: 'E_OUT_OF_MEMORY' });
});

it('says that there is no crypto.subtle', async () => {
  vi.stubGlobal('crypto', {});
  await expect(sha256Hex(abc)).rejects.toMatchObject({ code: 'E_IO' });
});
