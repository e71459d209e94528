import { contiguousStrides, type Device } from '@hybra/spec';
import { describeWith, requirement } from '@hybra/testing';
import { expect, it } from 'vitest';
import { loadAddon } from '../addon/load-addon.js';
import { native } from '../backend.js';
import { outputWith, programOf } from '../testing.js';

const loaded = loadAddon();
const addon = await requirement('native', () => (loaded.addon ? undefined : loaded.reason));

/** About 0.3 s of products on one thread. */
const long = {
  inputs: [{ shape: [256, 2048] }, { shape: [8192, 2048] }],
  outputs: [{ shape: [256, 8192] }],
} as const;

async function startLongWork(device: Device): Promise<void> {
  const attributes = { transposeA: false, transposeB: true };
  const program = programOf(device, 'matmul', attributes, long.inputs, long.outputs);
  const executable = await device.compile(program);
  const buffers = program.bindings.map(({ byteLength }) => device.allocate(byteLength));
  for (let run = 0; run < 3; run++) executable.run(buffers);
}

describeWith(addon, 'the native device', () => {
  it.each([
    [
      'matmul',
      { transposeA: false, transposeB: true },
      [{ shape: [130, 300] }, { shape: [517, 300] }],
      [{ shape: [130, 517] }],
    ],
    [
      'matmul',
      { transposeA: false, transposeB: true },
      [{ shape: [1, 900] }, { shape: [4099, 900] }],
      [{ shape: [1, 4099] }],
    ],
    [
      'quantizedMatmul',
      { bits: 8, blockSize: 32 },
      [{ shape: [1, 896] }, { dtype: 'i8', shape: [4099, 896] }, { shape: [4099, 28] }],
      [{ shape: [1, 4099] }],
    ],
    [
      'quantizedMatmul',
      { bits: 4, blockSize: 32 },
      [{ shape: [130, 288] }, { dtype: 'u8', shape: [517, 144] }, { shape: [517, 9] }],
      [{ shape: [130, 517] }],
    ],
    [
      'ssdChunkScan',
      { chunkSize: 64 },
      [
        { shape: [1, 200, 12, 40] },
        { shape: [1, 200, 12] },
        { shape: [12] },
        { shape: [1, 200, 3, 70] },
        { shape: [1, 200, 3, 70] },
        { shape: [1, 12, 40, 70] },
        { dtype: 'i32', shape: [1], values: Int32Array.of(0) },
      ],
      [{ shape: [1, 200, 12, 40] }, { shape: [1, 12, 40, 70] }],
    ],
  ] as const)(
    'gives the same bits of %s with any number of threads',
    async (op, attributes, inputs, outputs) => {
      const one = await outputWith({ threads: 1 }, op, attributes, inputs, outputs);
      for (const threads of [2, 5]) {
        expect(await outputWith({ threads }, op, attributes, inputs, outputs)).toEqual(one);
      }
    },
  );

  it('leaves the event loop alone while it works', async () => {
    const device = await native({ threads: 1 }).open();
    await startLongWork(device);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    await device.synchronize();
    clearInterval(timer);
    // Hundreds of milliseconds of work; a loaded machine may skip most turns.
    expect(ticks).toBeGreaterThan(5);
    await device.dispose();
  });

  it('stops waiting when the signal fires, while the work goes on', async () => {
    const device = await native({ threads: 1 }).open();
    await startLongWork(device);
    const buffer = device.allocate(4);
    device.write(buffer, 0, Uint8Array.of(1, 2, 3, 4));
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 1);
    await expect(device.read(buffer, 0, 4, controller.signal)).rejects.toMatchObject({ code: 'E_ABORTED' });
    expect([...(await device.read(buffer, 0, 4))]).toEqual([1, 2, 3, 4]);
    await device.dispose();
  });

  it('ends in the middle of work: what waits is rejected, memory goes', async () => {
    const device = await native({ threads: 2 }).open();
    await startLongWork(device);
    const lost = expect(device.synchronize()).rejects.toMatchObject({ code: 'E_DEVICE_LOST' });
    await device.dispose();
    await lost;
    expect(await device.lost).toMatchObject({ reason: 'destroyed' });
  });

  it('frees buffers and arenas after the work before them', async () => {
    const device = await native({ threads: 1 }).open();
    await startLongWork(device);
    const before = device.memoryBytes();
    device.allocate(2 ** 20).dispose();
    expect(device.memoryBytes()).toBe(before + 2 ** 20);
    await device.synchronize();
    expect(device.memoryBytes()).toBe(before);
    await device.dispose();
  });

  it('keeps to its memory limit', async () => {
    const device = await native({ memoryLimitBytes: 100 }).open();
    const buffer = device.allocate(60);
    expect(() => device.allocate(41)).toThrow(expect.objectContaining({ code: 'E_OUT_OF_MEMORY' }));
    buffer.dispose();
    expect(device.allocate(100).byteLength).toBe(100);
    await device.dispose();
  });

  it('refuses more axes than its kernels have room for', async () => {
    const device = await native().open();
    const shape = new Array<number>(9).fill(1);
    const type = { dtype: 'f32', shape, strides: contiguousStrides(shape), offset: 0 } as const;
    const answer = device.supports({ op: 'neg', inputs: [type], outputs: [type], attributes: {} });
    expect(answer).toMatchObject({ supported: false, reason: expect.stringContaining('9 axes') });
    await device.dispose();
  });
});
