import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compile } from '../compile/compile.js';
import { fill } from '../ops/index.js';
import type { CompiledProgram } from './compiled-program.js';
import { createProgramCache } from './program-cache.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

/** A program that owns this many KiB, or a little more. */
const ofKibibytes = (size: number): Promise<CompiledProgram> =>
  compile({ label: `${size} KiB`, device, build: () => ({ outputs: { y: fill([size * 256], 1) } }) });

const isAlive = (program: CompiledProgram): boolean => {
  try {
    program.run();
    return true;
  } catch {
    return false;
  }
};

it('makes a program once, also when it is asked for twice at a time', async () => {
  const cache = createProgramCache(10_000);
  let made = 0;
  const make = () => {
    made += 1;
    return ofKibibytes(1);
  };
  const [a, b] = await Promise.all([cache.get('a', make), cache.get('a', make)]);
  expect(await cache.get('a', make)).toBe(a);
  expect(b).toBe(a);
  expect(made).toBe(1);
  expect(cache.size).toBe(1);
  expect(cache.ownedBytes).toBe(a.ownedBytes);
  cache.dispose();
});

it('drops what was used least recently when the limit is passed, never the newest', async () => {
  const cache = createProgramCache(2.5 * 1024);
  const a = await cache.get('a', () => ofKibibytes(1));
  const b = await cache.get('b', () => ofKibibytes(1));
  await cache.get('a', () => ofKibibytes(1));
  const c = await cache.get('c', () => ofKibibytes(1));
  expect([a, b, c].map(isAlive)).toEqual([true, false, true]);
  const large = await cache.get('large', () => ofKibibytes(9));
  expect([a, c, large].map(isAlive)).toEqual([false, false, true]);
  expect(cache.size).toBe(1);
  cache.dispose();
  expect(isAlive(large)).toBe(false);
});

it.each<[string, () => Promise<CompiledProgram>]>([
  [
    'at once',
    () => {
      throw new Error('no luck');
    },
  ],
  ['later', () => Promise.reject(new Error('no luck'))],
])('forgets a program that failed %s', async (_, fail) => {
  const cache = createProgramCache(10_000);
  await expect(cache.get('a', fail)).rejects.toThrow('no luck');
  expect(isAlive(await cache.get('a', () => ofKibibytes(1)))).toBe(true);
  cache.dispose();
});

it('keeps nothing once it is disposed of', async () => {
  await device.synchronize();
  const before = device.memoryBytes();
  const cache = createProgramCache(10_000);
  const disposed = { code: 'E_DISPOSED' };
  const late = cache.get('late', () => ofKibibytes(1));
  cache.dispose();
  await expect(late).rejects.toMatchObject(disposed);
  await expect(cache.get('a', () => ofKibibytes(1))).rejects.toMatchObject(disposed);
  await device.synchronize();
  expect(device.memoryBytes()).toBe(before);
});
