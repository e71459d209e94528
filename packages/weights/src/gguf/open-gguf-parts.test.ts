import { describe, expect, it } from 'vitest';
import { bytesDirectory } from '../checkpoint/bytes-directory.js';
import { folderDirectory } from '../checkpoint/folder-directory.js';
import { openGgufParts } from './open-gguf-parts.js';
import { splitName } from './split-name.js';
import { encodeGguf, type GgufField } from './write-gguf.js';

const nameOf = (number: number) => `m-0000${number}-of-00003.gguf`;
const u16 = (value: number): GgufField => ({ type: 'u16', value });

/** A part of three with one tensor, its metadata changed. */
function part(number: number, changes: Record<string, GgufField | undefined> = {}, tensor = `t${number}`) {
  const metadata = Object.entries({
    'split.no': u16(number - 1),
    'split.count': u16(3),
    'split.tensors.count': { type: 'i32', value: 3 } as const,
    ...(number === 1 && { 'general.architecture': { type: 'string', value: 'mamba' } as const }),
    ...changes,
  }).filter((entry): entry is [string, GgufField] => entry[1] !== undefined);
  const bytes = Uint8Array.of(number, 1, 2, 3, 4, 5, 6, 7);
  return encodeGguf({
    metadata: Object.fromEntries(metadata),
    tensors: [{ name: tensor, type: 'f32', shape: [2], bytes }],
  });
}

async function folder(changed: Record<string, Uint8Array | undefined> = {}) {
  const parts = await Promise.all([1, 2, 3].map(async (n) => [nameOf(n), await part(n)] as const));
  const files = Object.entries({ ...Object.fromEntries(parts), ...changed });
  return bytesDirectory(
    Object.fromEntries(files.filter((entry): entry is [string, Uint8Array] => !!entry[1])),
  );
}

describe('parts of a split file', () => {
  it.each([
    [
      'a missing part',
      async () => ({ [nameOf(2)]: undefined }),
      'E_IO',
      /m-00002-of-00003.gguf" is not there/,
    ],
    [
      'two parts swapped',
      async () => ({ [nameOf(2)]: await part(3) }),
      'E_FORMAT',
      /split.no is "2".*Expected 1/,
    ],
    [
      'a part without its number',
      async () => ({ [nameOf(3)]: await part(3, { 'split.no': undefined }) }),
      'E_FORMAT',
      /split.no is missing/,
    ],
    [
      'a part of another count',
      async () => ({ [nameOf(1)]: await part(1, { 'split.count': u16(4) }) }),
      'E_FORMAT',
      /split.count is "4".*Expected 3/,
    ],
    [
      'a count of tensors that is wrong',
      async () => ({ [nameOf(1)]: await part(1, { 'split.tensors.count': u16(4) }) }),
      'E_FORMAT',
      /split.tensors.count is "4".*Expected 3/,
    ],
    [
      'one tensor in two parts',
      async () => ({ [nameOf(2)]: await part(2, {}, 't1') }),
      'E_FORMAT',
      /tensor "t1" is in .*00001/,
    ],
    ['a part that is no GGUF', async () => ({ [nameOf(2)]: Uint8Array.of(1) }), 'E_FORMAT', /m-00002/],
  ])('with %s are refused', async (_, change, code, message) => {
    await expect(openGgufParts(await folder(await change()), nameOf(1))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('are refused under a name that says nothing of them', async () => {
    const directory = bytesDirectory({ 'x.gguf': await part(2) });
    await expect(openGgufParts(directory, 'x.gguf')).rejects.toMatchObject({
      code: 'E_FORMAT',
      message: expect.stringMatching(/one of 3 parts, which its name does not say/),
    });
  });

  it.each([1, 2, 3])('open as one from part %d', async (number) => {
    const file = await openGgufParts(await folder(), nameOf(number));
    expect(file.metadata.get('general.architecture')).toBe('mamba');
    expect([...file.tensors.keys()]).toEqual(['t1', 't2', 't3']);
    expect([...(await file.read('t3'))]).toEqual([3, 1, 2, 3, 4, 5, 6, 7]);
    expect([...(await file.read('t2', undefined, { offset: 4, length: 3 }))]).toEqual([4, 5, 6]);
    await expect(file.read('t2', undefined, { offset: 4, length: 5 })).rejects.toMatchObject({
      code: 'E_ARGUMENT',
    });
    await expect(file.read('t4')).rejects.toMatchObject({ code: 'E_FORMAT' });
    await file.close();
    await expect(file.read('t1')).rejects.toMatchObject({ code: 'E_DISPOSED' });
  });

  it('a file that is not split opens as it is; a missing one says so', async () => {
    const directory = bytesDirectory({ 'x.gguf': await encodeGguf({ metadata: {}, tensors: [] }) });
    expect((await openGgufParts(directory, 'x.gguf')).tensors.size).toBe(0);
    await expect(openGgufParts(folderDirectory('/nowhere'), 'x.gguf')).rejects.toMatchObject({
      code: 'E_IO',
    });
  });
});

it('names of parts', () => {
  expect(splitName('a-00002-of-00010.gguf')?.nameOf(10)).toBe('a-00010-of-00010.gguf');
  for (const other of ['a.gguf', 'a-2-of-3.gguf', 'a-00000-of-00003.gguf', 'a-00004-of-00003.gguf']) {
    expect(splitName(other)).toBeUndefined();
  }
});
