import { type Device, type Executable, type Program, specVersion } from '@hybra/spec';
import { describe, expect, it, vi } from 'vitest';
import { cpu } from '../backend.js';
import type { CpuKernel } from '../kernel.js';
import { standardKernels } from '../kernels/index.js';

const shape = [4];
const operand = { dtype: 'f32', shape, strides: [1], offset: 0 } as const;

/** y = f(x) through one arena buffer: `first` into the arena, `second` out of it. */
function program(first = 'cpu/neg', second = 'cpu/exp', change: Partial<Program> = {}): Program {
  const call = (kernel: string, from: number, to: number): Program['calls'][number] => ({
    op: kernel.slice(kernel.lastIndexOf('/') + 1),
    kernel,
    attributes: {},
    inputs: [{ ...operand, buffer: from }],
    outputs: [{ ...operand, buffer: to }],
  });
  return {
    specVersion,
    label: 'two steps',
    bindings: [
      { name: 'x', role: 'input', byteLength: 16 },
      { name: 'y', role: 'output', byteLength: 16 },
    ],
    segments: [64],
    buffers: [
      { location: { kind: 'binding', index: 0 }, byteLength: 16 },
      { location: { kind: 'arena', segment: 0, byteOffset: 0 }, byteLength: 16 },
      { location: { kind: 'binding', index: 1 }, byteLength: 16 },
    ],
    calls: [call(first, 0, 1), call(second, 1, 2)],
    ...change,
  };
}

/** A kernel for `neg` that does something else. */
function negKernel(name: string, run: () => void): CpuKernel {
  return {
    name,
    op: 'neg',
    supports: () => ({ supported: true }),
    build: () => run,
  };
}

function bytes(values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

function floats(data: Uint8Array): number[] {
  return [...new Float32Array(data.buffer)];
}

async function open(kernels?: readonly CpuKernel[]): Promise<Device> {
  return cpu(kernels ? { kernels } : {}).open();
}

const slow = negKernel('test/neg', () => {
  const end = performance.now() + 3;
  while (performance.now() < end);
});

/** Starts about 60 ms of work. */
async function startLongWork(device: Device): Promise<Executable> {
  const executable = await device.compile(program('test/neg', 'test/neg'));
  const buffers = [device.allocate(16), device.allocate(16)];
  for (let run = 0; run < 10; run++) executable.run(buffers);
  return executable;
}

describe('bad input', () => {
  it.each([
    [-1, 4],
    [13, 4],
    [0, 17],
    [0.5, 4],
    [Number.NaN, 4],
  ])('refuses the range of %d and %d bytes', async (offset, length) => {
    const device = await open();
    const buffer = device.allocate(16);
    const other = device.allocate(32);
    await expect(device.read(buffer, offset, length)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    expect(() => device.copy(buffer, offset, other, 0, length)).toThrow(/buffer has 16 bytes/);
    expect(() => device.copy(other, 0, buffer, offset, length)).toThrow(/buffer has 16 bytes/);
    if (Number.isInteger(length)) {
      expect(() => device.write(buffer, offset, new Uint8Array(length))).toThrow(/buffer has 16 bytes/);
    }
  });

  it('refuses disposed buffers and those of another device', async () => {
    const device = await open();
    const stranger = (await open()).allocate(16);
    await expect(device.read(stranger, 0, 4)).rejects.toMatchObject({ code: 'E_ARGUMENT' });
    const buffer = device.allocate(16, 'weights');
    buffer.dispose();
    buffer.dispose();
    await expect(device.read(buffer, 0, 4)).rejects.toMatchObject({ code: 'E_DISPOSED' });
    const executable = await device.compile(program());
    const good = device.allocate(16);
    expect(() => executable.run([good, buffer])).toThrow(expect.objectContaining({ code: 'E_DISPOSED' }));
    expect(() => executable.run([stranger, good])).toThrow(expect.objectContaining({ code: 'E_ARGUMENT' }));
    expect(() => executable.run([good])).toThrow(/got 1 bindings, expected 2/);
    expect(() => executable.run([good, device.allocate(8)])).toThrow(/binding y has 8 bytes/);
  });

  it('refuses sizes that are not whole numbers from 0', async () => {
    const device = await open();
    expect(() => device.allocate(-1)).toThrow(expect.objectContaining({ code: 'E_ARGUMENT' }));
    expect(() => device.allocate(1.5)).toThrow(expect.objectContaining({ code: 'E_ARGUMENT' }));
    expect(() => cpu({ memoryLimitBytes: -1 })).toThrow(expect.objectContaining({ code: 'E_ARGUMENT' }));
    await expect(cpu().open({ id: '7' })).rejects.toMatchObject({ code: 'E_BACKEND_UNAVAILABLE' });
  });

  it.each<[string, Program, string]>([
    ['another contract', program('cpu/neg', 'cpu/exp', { specVersion: 99 as never }), 'E_ARGUMENT'],
    ['an unknown kernel', program('cpu/neg', 'cpu/none'), 'E_UNSUPPORTED_OP'],
    ['a kernel of another op', remadeFirstCall({ op: 'exp' }), 'E_UNSUPPORTED_OP'],
    ['a dtype the kernel does not take', remadeFirstInput({ dtype: 'bool' }), 'E_UNSUPPORTED_OP'],
    ['an operand outside its buffer', remadeFirstInput({ offset: 1 }), 'E_ARGUMENT'],
    ['a buffer that is not there', remadeFirstInput({ buffer: 9 }), 'E_ARGUMENT'],
    ['a buffer outside its segment', program('cpu/neg', 'cpu/exp', { segments: [8] }), 'E_ARGUMENT'],
    ['a buffer without a binding', program('cpu/neg', 'cpu/exp', { bindings: [] }), 'E_ARGUMENT'],
  ])('refuses a program with %s', async (_, bad, code) => {
    await expect((await open()).compile(bad)).rejects.toMatchObject({ code });
  });
});

function remadeFirstCall(change: Partial<Program['calls'][number]>): Program {
  const made = program();
  return { ...made, calls: [{ ...made.calls[0]!, ...change }, made.calls[1]!] };
}

function remadeFirstInput(change: Partial<Program['calls'][number]['inputs'][number]>): Program {
  return remadeFirstCall({ inputs: [{ ...operand, buffer: 0, ...change }] });
}

describe('running', () => {
  it('runs a program again and again, also with other buffers', async () => {
    const device = await open();
    const executable = await device.compile(program());
    const [x, y, z] = [device.allocate(16), device.allocate(16), device.allocate(16)];
    for (let run = 0; run < 3; run++) {
      device.write(x!, 0, bytes([0, 1, run, -1]));
      executable.run([x!, y!]);
      executable.run([x!, z!]);
      const expected = [0, -1, -run, 1].map((value) => Math.fround(Math.exp(value)));
      expect(floats(await device.read(y!, 0, 16))).toEqual(expected);
      expect(floats(await device.read(z!, 0, 16))).toEqual(expected);
    }
  });

  it('keeps the order of writes, runs, copies and reads, and copies what is written', async () => {
    const device = await open([slow, ...standardKernels]);
    await startLongWork(device);
    const executable = await device.compile(program());
    const [x, y] = [device.allocate(16), device.allocate(16)];
    const data = bytes([1, 1, 1, 1]);
    device.write(x, 0, data);
    data.fill(0);
    executable.run([x, y]);
    const first = device.read(y, 0, 16);
    device.copy(y, 0, y, 4, 12);
    device.write(y, 0, bytes([7]));
    const second = device.read(y, 0, 16);
    const value = Math.fround(Math.exp(-1));
    expect(floats(await first)).toEqual([value, value, value, value]);
    expect(floats(await second)).toEqual([7, value, value, value]);
  });

  it('surfaces a failure at the next wait, once, with the call and its cause', async () => {
    const cause = new Error('broken kernel');
    const broken = negKernel('test/neg', () => {
      throw cause;
    });
    const device = await open([broken, ...standardKernels]);
    const executable = await device.compile(program('test/neg', 'cpu/exp'));
    const buffers = [device.allocate(16), device.allocate(16)];
    executable.run(buffers);
    await expect(device.synchronize()).rejects.toMatchObject({
      code: 'E_ARGUMENT',
      cause,
      details: { kernel: 'test/neg', call: 0 },
    });
    await device.synchronize();
    executable.run(buffers);
    await expect(device.read(buffers[1]!, 0, 4)).rejects.toMatchObject({ cause });
    await device.read(buffers[1]!, 0, 4);
  });

  it('prefers the first kernel that takes a call', async () => {
    const run = vi.fn();
    const device = await open([negKernel('test/neg', run), ...standardKernels]);
    const call = { op: 'neg', inputs: [operand], outputs: [operand], attributes: {} };
    expect(device.supports(call)).toMatchObject({ supported: true, kernel: 'test/neg' });
    const onlyMine = await open([negKernel('test/neg', run)]);
    expect(onlyMine.supports({ ...call, op: 'exp' })).toMatchObject({
      supported: false,
      reason: expect.stringContaining('exp(f32[4])'),
    });
  });

  it('times each call when asked to', async () => {
    const device = await open([slow, ...standardKernels]);
    const executable = await device.compile(program('test/neg', 'cpu/exp'), { timings: true });
    executable.run([device.allocate(16), device.allocate(16)]);
    const nanoseconds = await executable.timings!();
    expect(nanoseconds.length).toBe(2);
    // The slow kernel takes 3 ms; the clock may be coarse.
    expect(nanoseconds[0]).toBeGreaterThan(2.5e6);
    expect((await device.compile(program())).timings).toBeUndefined();
  });
});

describe('waiting', () => {
  it('stops waiting when the signal fires, at once, while the work goes on', async () => {
    const device = await open([slow, ...standardKernels]);
    await startLongWork(device);
    const buffer = device.allocate(16);
    device.write(buffer, 0, bytes([5]));
    const controller = new AbortController();
    const start = performance.now();
    setTimeout(() => controller.abort(), 1);
    await expect(device.read(buffer, 0, 4, controller.signal)).rejects.toMatchObject({ code: 'E_ABORTED' });
    // The whole work takes 60 ms; a slice takes about 10.
    expect(performance.now() - start).toBeLessThan(45);
    expect(floats(await device.read(buffer, 0, 4))).toEqual([5]);
    await expect(device.synchronize(controller.signal)).rejects.toMatchObject({ code: 'E_ABORTED' });
    await expect(device.compile(program(), { signal: controller.signal })).rejects.toMatchObject({
      code: 'E_ABORTED',
    });
  });

  it('rejects what waits when the device is disposed of, and everything after', async () => {
    const device = await open([slow, ...standardKernels]);
    const executable = await startLongWork(device);
    const buffer = device.allocate(16);
    const pending = device.read(buffer, 0, 4);
    const lost = expect(pending).rejects.toMatchObject({ code: 'E_DEVICE_LOST' });
    await device.dispose();
    await device.dispose();
    await lost;
    await expect(device.lost).resolves.toMatchObject({ reason: 'destroyed' });
    const isLost = expect.objectContaining({ code: 'E_DEVICE_LOST' });
    await expect(device.read(buffer, 0, 4)).rejects.toEqual(isLost);
    await expect(device.synchronize()).rejects.toEqual(isLost);
    await expect(device.compile(program())).rejects.toEqual(isLost);
    expect(() => device.allocate(1)).toThrow(isLost);
    expect(() => device.write(buffer, 0, bytes([1]))).toThrow(isLost);
    expect(() => executable.run([buffer, buffer])).toThrow(isLost);
    buffer.dispose();
    executable.dispose();
  });
});

describe('memory', () => {
  it('counts buffers and arenas, and frees them after the work before', async () => {
    const device = await open([slow, ...standardKernels]);
    expect(device.memoryBytes()).toBe(0);
    const buffer = device.allocate(100);
    const executable = await device.compile(program('test/neg', 'test/neg'));
    expect(executable.arenaBytes).toBe(64);
    expect(device.memoryBytes()).toBe(164);
    executable.run([buffer, buffer]);
    buffer.dispose();
    executable.dispose();
    expect(device.memoryBytes()).toBe(164);
    await device.synchronize();
    expect(device.memoryBytes()).toBe(0);
    expect(() => executable.run([])).toThrow(expect.objectContaining({ code: 'E_DISPOSED' }));
  });

  it('keeps to its limit and gives back what a failed compile took', async () => {
    const device = await cpu({ memoryLimitBytes: 100 }).open();
    const buffer = device.allocate(40);
    expect(() => device.allocate(61)).toThrow(expect.objectContaining({ code: 'E_OUT_OF_MEMORY' }));
    await expect(device.compile(program('cpu/neg', 'cpu/exp', { segments: [16, 64] }))).rejects.toMatchObject(
      {
        code: 'E_OUT_OF_MEMORY',
      },
    );
    expect(device.memoryBytes()).toBe(40);
    buffer.dispose();
    expect(device.allocate(100).byteLength).toBe(100);
  });

  it('reports what the engine cannot allocate', async () => {
    const device = await open();
    expect(() => device.allocate(2 ** 52)).toThrow(expect.objectContaining({ code: 'E_OUT_OF_MEMORY' }));
    expect(device.memoryBytes()).toBe(0);
  });

  it('allocates zeros', async () => {
    const device = await open();
    expect([...(await device.read(device.allocate(8), 0, 8))]).toEqual(new Array(8).fill(0));
  });
});
