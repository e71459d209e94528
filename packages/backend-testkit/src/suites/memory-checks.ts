import { type DeviceCheck, ensure, ensureBytes, ensureRefused } from './device-check.js';

/** Buffers: allocation, writes, copies, disposal. */
export const memoryChecks: readonly DeviceCheck[] = [
  {
    name: 'allocates zeroed memory, also where memory was freed before',
    async run({ device }) {
      const used = device.allocate(256);
      device.write(used, 0, new Uint8Array(256).fill(7));
      used.dispose();
      await device.synchronize();
      const fresh = device.allocate(256);
      ensureBytes(await device.read(fresh, 0, 256), new Uint8Array(256), 'a fresh buffer');
      fresh.dispose();
    },
  },
  {
    name: 'writes and reads any range of bytes',
    async run({ device }) {
      const buffer = device.allocate(13);
      ensure(buffer.byteLength === 13, `byteLength is ${buffer.byteLength}, expected 13`);
      device.write(buffer, 5, Uint8Array.of(1, 2, 3));
      ensureBytes(await device.read(buffer, 4, 5), [0, 1, 2, 3, 0], 'bytes 4 … 8');
      device.write(buffer, 12, Uint8Array.of(9));
      ensureBytes(await device.read(buffer, 12, 1), [9], 'the last byte');
      buffer.dispose();
    },
  },
  {
    name: 'takes the data of a write at once',
    async run({ device }) {
      const buffer = device.allocate(4);
      const data = Uint8Array.of(1, 2, 3, 4);
      device.write(buffer, 0, data);
      data.fill(0);
      ensureBytes(await device.read(buffer, 0, 4), [1, 2, 3, 4], 'after the data was reused');
      buffer.dispose();
    },
  },
  {
    name: 'gives a copy when reading',
    async run({ device }) {
      const buffer = device.allocate(4);
      (await device.read(buffer, 0, 4)).fill(5);
      ensureBytes(await device.read(buffer, 0, 4), [0, 0, 0, 0], 'after the copy was changed');
      buffer.dispose();
    },
  },
  {
    name: 'copies between buffers in the order of the calls',
    async run({ device }) {
      const from = device.allocate(8);
      const to = device.allocate(8);
      device.write(from, 0, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
      device.copy(from, 4, to, 0, 4);
      device.write(from, 4, Uint8Array.of(0, 0, 0, 0));
      ensureBytes(await device.read(to, 0, 8), [5, 6, 7, 8, 0, 0, 0, 0], 'the copy');
      from.dispose();
      to.dispose();
    },
  },
  {
    name: 'finishes enqueued work on a buffer before its memory goes',
    async run({ device }) {
      const from = device.allocate(4);
      const to = device.allocate(4);
      device.write(from, 0, Uint8Array.of(1, 2, 3, 4));
      device.copy(from, 0, to, 0, 4);
      from.dispose();
      from.dispose();
      ensureBytes(await device.read(to, 0, 4), [1, 2, 3, 4], 'the copy');
      to.dispose();
    },
  },
  {
    name: 'counts the bytes that are allocated',
    async run({ device }) {
      await device.synchronize();
      const before = device.memoryBytes();
      const buffer = device.allocate(4096);
      ensure(device.memoryBytes() >= before + 4096, 'memoryBytes does not count a buffer');
      buffer.dispose();
      await device.synchronize();
      ensure(device.memoryBytes() <= before, 'memoryBytes still counts a disposed buffer');
    },
  },
  {
    name: 'refuses an allocation that no machine has',
    run: ({ device }) =>
      ensureRefused(device, () => device.allocate(2 ** 52), 'allocating 4 PiB', ['E_OUT_OF_MEMORY']),
  },
  {
    name: 'refuses ranges outside a buffer',
    async run({ device }) {
      const buffer = device.allocate(8);
      const other = device.allocate(8);
      await ensureRefused(device, () => device.write(buffer, 5, new Uint8Array(4)), 'a write past the end');
      await ensureRefused(
        device,
        () => device.write(buffer, -1, new Uint8Array(1)),
        'a write before the start',
      );
      await ensureRefused(device, () => device.copy(buffer, 0, other, 6, 4), 'a copy past the end');
      await ensureRefused(device, () => device.read(buffer, 6, 4), 'a read past the end');
      buffer.dispose();
      other.dispose();
    },
  },
  {
    name: 'refuses a disposed buffer',
    async run({ device }) {
      const buffer = device.allocate(8);
      buffer.dispose();
      await ensureRefused(device, () => device.write(buffer, 0, new Uint8Array(4)), 'a write', [
        'E_DISPOSED',
      ]);
      await ensureRefused(device, () => device.read(buffer, 0, 4), 'a read', ['E_DISPOSED']);
    },
  },
  {
    name: 'refuses a buffer of another device',
    async run({ backend, device }) {
      const other = await backend.open();
      const foreign = other.allocate(8);
      const own = device.allocate(8);
      await ensureRefused(device, () => device.write(foreign, 0, new Uint8Array(4)), 'a write');
      await ensureRefused(device, () => device.copy(foreign, 0, own, 0, 4), 'a copy');
      await ensureRefused(device, () => device.read(foreign, 0, 4), 'a read');
      own.dispose();
      await other.dispose();
    },
  },
];
