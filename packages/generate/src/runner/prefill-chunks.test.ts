import type { Device } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { fullChunk, longestChunk, prefillChunks } from './prefill-chunks.js';

function deviceOf(threads: number | undefined): Device {
  return { capabilities: threads === undefined ? {} : { threads } } as Device;
}

describe('prefillChunks', () => {
  it('takes full chunks, then the remainder in the smallest that fits', () => {
    expect(prefillChunks([600]).map(({ time }) => time)).toEqual([256, 256, 256]);
    expect(prefillChunks([530]).map(({ time, lengths }) => [time, ...lengths])).toEqual([
      [256, 256],
      [256, 256],
      [64, 18],
    ]);
  });
  it('takes longer ones where it may, and no token twice', () => {
    const chunks = prefillChunks([5000, 3], 2048);
    expect(chunks.map(({ time }) => time)).toEqual([2048, 2048, 1024]);
    expect(chunks.map(({ lengths }) => lengths)).toEqual([
      [2048, 3],
      [2048, 0],
      [904, 0],
    ]);
  });
});

describe('fullChunk', () => {
  it('is long on large GPUs alone, and shorter for many rows', () => {
    const large = deviceOf(132 * 2048);
    expect(fullChunk([large], 1)).toBe(2048);
    expect(fullChunk([large], 16)).toBe(1024);
    expect(fullChunk([large], 64)).toBe(longestChunk);
    expect(fullChunk([large, deviceOf(1)], 1)).toBe(longestChunk);
    expect(fullChunk([deviceOf(undefined)], 1)).toBe(longestChunk);
  });
});
