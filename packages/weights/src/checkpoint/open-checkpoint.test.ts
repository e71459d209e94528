import { describe, expect, it } from 'vitest';
import { rawSafetensors, twoTensors } from '../../test/raw-safetensors.js';
import { encodeSafetensors } from '../writing/encode-safetensors.js';
import { bytesDirectory } from './bytes-directory.js';
import type { Directory } from './directory.js';
import { openCheckpoint } from './open-checkpoint.js';

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const shard = (metadata: Record<string, string>, ...names: string[]): Uint8Array =>
  encodeSafetensors({
    tensors: names.map((name) => ({
      name,
      dtype: 'u8',
      shape: [name.length],
      bytes: new TextEncoder().encode(name),
    })),
    metadata,
  });
const weightMap = { aa: 'one.safetensors', bb: 'two.safetensors', cc: 'one.safetensors' };
const files = {
  'model.safetensors.index.json': json({ metadata: { total_size: 1 }, weight_map: weightMap }),
  'one.safetensors': shard({ format: 'pt', part: '1' }, 'aa', 'cc'),
  'two.safetensors': shard({ format: 'pt', part: '2' }, 'bb'),
};
const withIndex = (index: unknown): Directory =>
  bytesDirectory({ ...files, 'model.safetensors.index.json': json(index) });

/** A directory that counts the sources it has open. */
function counting(inner: Directory): { directory: Directory; open: () => number } {
  let open = 0;
  const directory: Directory = {
    name: inner.name,
    async open(name, signal) {
      const source = await inner.open(name, signal);
      if (!source) return undefined;
      open++;
      let isClosed = false;
      return {
        ...source,
        close: async () => {
          if (!isClosed) open--;
          isClosed = true;
        },
      };
    },
  };
  return { directory, open: () => open };
}

describe('bad input', () => {
  it.each([
    ['an array', [], 'E_FORMAT', /no weight_map/],
    ['no weight_map', {}, 'E_FORMAT', /no weight_map/],
    ['weight_map null', { weight_map: null }, 'E_FORMAT', /no weight_map/],
    ['an empty weight_map', { weight_map: {} }, 'E_FORMAT', /empty/],
    ['a file that is no string', { weight_map: { aa: 1 } }, 'E_FORMAT', /"aa" is no string/],
    ['a path upwards', { weight_map: { aa: '../one.safetensors' } }, 'E_FORMAT', /same folder/],
    ['an absolute path', { weight_map: { aa: '/one.safetensors' } }, 'E_FORMAT', /same folder/],
    ['a path of Windows', { weight_map: { aa: 'C:\\one' } }, 'E_FORMAT', /same folder/],
    [
      'a missing shard',
      { weight_map: { ...weightMap, dd: 'three.safetensors' } },
      'E_IO',
      /"three.safetensors" is not there/,
    ],
    [
      'a tensor that its shard lacks',
      { weight_map: { ...weightMap, ba: 'two.safetensors' } },
      'E_FORMAT',
      /two.safetensors: there is no tensor "ba"/,
    ],
    [
      'a tensor that the index lacks',
      { weight_map: { aa: 'one.safetensors' } },
      'E_FORMAT',
      /"cc" of "one.safetensors" is not in/,
    ],
    [
      'a shard that is no safetensors file',
      { weight_map: { aa: 'model.safetensors.index.json' } },
      'E_FORMAT',
      /header/,
    ],
  ] as const)('%s', async (_, index, code, message) => {
    const { directory, open } = counting(withIndex(index));
    await expect(openCheckpoint(directory)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(open()).toBe(0);
  });
  it('an empty folder', async () => {
    await expect(openCheckpoint(bytesDirectory({}))).rejects.toMatchObject({
      code: 'E_IO',
      message: expect.stringMatching(
        /none of model.safetensors, model.safetensors.index.json, pytorch_model.bin/,
      ),
    });
  });
});

it('joins shards, with what their metadata agree on', async () => {
  const { directory, open } = counting(bytesDirectory(files));
  const weights = await openCheckpoint(directory);
  expect([...weights.entries.keys()].sort()).toEqual(['aa', 'bb', 'cc']);
  expect(weights.metadata).toEqual({ format: 'pt' });
  for (const name of ['aa', 'bb', 'cc']) {
    expect(new TextDecoder().decode(await weights.read(name))).toBe(name);
  }
  await expect(weights.read('dd')).rejects.toMatchObject({ code: 'E_FORMAT' });
  await expect(weights.read('aa', AbortSignal.abort())).rejects.toMatchObject({ code: 'E_ABORTED' });
  expect(open()).toBe(2);
  await weights.close();
  expect(open()).toBe(0);
  await expect(weights.read('aa')).rejects.toMatchObject({ code: 'E_DISPOSED' });
});

it.each(['one', 'two'])(
  'takes a tensor that lies in both shards from the one that the index names: %s',
  async (name) => {
    const copy = (fill: number) => ({
      name: 'aa',
      dtype: 'u8' as const,
      shape: [1],
      bytes: Uint8Array.of(fill),
    });
    const directory = bytesDirectory({
      'model.safetensors.index.json': json({
        weight_map: { aa: `${name}.safetensors`, bb: 'two.safetensors', cc: 'one.safetensors' },
      }),
      'one.safetensors': encodeSafetensors({ tensors: [copy(1), { ...copy(0), name: 'cc' }] }),
      'two.safetensors': encodeSafetensors({ tensors: [copy(2), { ...copy(0), name: 'bb' }] }),
    });
    const weights = await openCheckpoint(directory);
    expect(weights.entries.size).toBe(3);
    expect([...(await weights.read('aa'))]).toEqual([name === 'one' ? 1 : 2]);
  },
);

it('opens more shards than it opens at once', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `t${10 + index}`);
  const shards = Object.fromEntries(names.map((name) => [`${name}.safetensors`, shard({}, name)]));
  const map = Object.fromEntries(names.map((name) => [name, `${name}.safetensors`]));
  const index = { 'model.safetensors.index.json': json({ weight_map: map }) };
  const weights = await openCheckpoint(bytesDirectory({ ...shards, ...index }));
  expect([...weights.entries.keys()]).toEqual(names);
});

it('prefers the single file', async () => {
  const weights = await openCheckpoint(
    bytesDirectory({ ...files, 'model.safetensors': rawSafetensors(twoTensors, 14) }),
  );
  expect([...weights.entries.keys()]).toEqual(['a.weight', 'b.bias']);
});
