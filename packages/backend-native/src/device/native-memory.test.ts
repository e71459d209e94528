import type { Device, DeviceBuffer } from '@hybra/spec';
import { describeWith, requirement } from '@hybra/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadAddon } from '../addon/load-addon.js';
import { native } from '../backend.js';
import { randomWords } from '../testing.js';

const loaded = loadAddon();
const addon = await requirement('native', () => (loaded.addon ? undefined : loaded.reason));

/** What blocks share (`slabBytes` in `native/core/pages.cpp`). */
const slabBytes = 32 * 2 ** 20;

describeWith(addon, 'memory of a native device', () => {
  let device: Device;
  beforeEach(async () => {
    device = await native({ threads: 1 }).open();
  });
  afterEach(() => device.dispose());

  async function isFilledWith(buffer: DeviceBuffer, byte: number): Promise<boolean> {
    const bytes = await device.read(buffer, 0, buffer.byteLength);
    return Buffer.from(bytes).equals(Buffer.alloc(buffer.byteLength, byte));
  }
  function filled(byteLength: number, byte: number): DeviceBuffer {
    const buffer = device.allocate(byteLength);
    device.write(buffer, 0, new Uint8Array(byteLength).fill(byte));
    return buffer;
  }

  it('is zero, also where others were before', async () => {
    const first = filled(5000, 7);
    const kept = filled(100, 9);
    first.dispose();
    for (const byteLength of [1, 64, 4000, 6000]) {
      expect(await isFilledWith(device.allocate(byteLength), 0), `${byteLength} bytes`).toBe(true);
    }
    expect(await isFilledWith(kept, 9)).toBe(true);
  });

  it.each([0, slabBytes - 1, slabBytes, slabBytes + 2 ** 21 + 1])(
    'has room for %d bytes',
    async (byteLength) => {
      const buffer = filled(byteLength, 3);
      const neighbour = filled(200, 5);
      expect(await isFilledWith(buffer, 3)).toBe(true);
      expect(await isFilledWith(neighbour, 5)).toBe(true);
    },
  );

  it('keeps blocks apart, in whatever order they come and go', async () => {
    const live = new Map<DeviceBuffer, number>();
    for (const word of randomWords(600)) {
      const buffers = [...live.keys()];
      if (word % 5 < 2 && buffers.length > 0) {
        const gone = buffers[(word >>> 8) % buffers.length]!;
        expect(await isFilledWith(gone, live.get(gone)!)).toBe(true);
        live.delete(gone);
        gone.dispose();
      } else {
        // Up to a megabyte: more together than a slab holds.
        const byteLength = (word >>> 12) >>> ((word >>> 6) % 12);
        const buffer = device.allocate(byteLength);
        expect(await isFilledWith(buffer, 0)).toBe(true);
        device.write(buffer, 0, new Uint8Array(byteLength).fill(word % 251));
        live.set(buffer, word % 251);
      }
    }
    for (const [buffer, byte] of live) expect(await isFilledWith(buffer, byte)).toBe(true);
    for (const buffer of live.keys()) buffer.dispose();
    expect(device.memoryBytes()).toBe(0);
  });
});
