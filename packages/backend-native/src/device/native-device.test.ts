import { contiguousStrides, type Device, type DType, type Program, specVersion } from '@hybra/spec';
import { describeWith, requirement } from '@hybra/testing';
import { expect, it } from 'vitest';
import { loadAddon } from '../addon/load-addon.js';
import { native } from '../backend.js';

const loaded = loadAddon();
const addon = await requirement('native', () => (loaded.addon ? undefined : loaded.reason));

interface Place {
  readonly dtype?: DType;
  readonly shape: readonly number[];
}

/** One call whose inputs and outputs are bindings. */
function programOf(
  device: Device,
  op: string,
  attributes: Program['calls'][number]['attributes'],
  inputs: readonly Place[],
  outputs: readonly Place[],
): Program {
  const operand = ({ dtype = 'f32', shape }: Place, buffer: number) => ({
    dtype,
    shape,
    strides: contiguousStrides(shape),
    offset: 0,
    buffer,
  });
  const places = [...inputs, ...outputs];
  const bytes = places.map(({ shape }) => 4 * shape.reduce((a, b) => a * b, 1));
  const call = {
    op,
    attributes,
    inputs: inputs.map(operand),
    outputs: outputs.map((place, index) => operand(place, inputs.length + index)),
  };
  const support = device.supports(call);
  if (!support.supported) throw new Error(support.reason);
  const scratch = support.scratchBytes ?? 0;
  return {
    specVersion,
    label: op,
    bindings: places.map((_, index) => ({
      name: `${index}`,
      role: index < inputs.length ? 'input' : 'output',
      byteLength: bytes[index]!,
    })),
    segments: [scratch],
    buffers: [
      ...places.map((_, index) => ({
        location: { kind: 'binding' as const, index },
        byteLength: bytes[index]!,
      })),
      { location: { kind: 'arena', segment: 0, byteOffset: 0 }, byteLength: scratch },
    ],
    calls: [{ ...call, kernel: support.kernel, scratch: { buffer: places.length, byteLength: scratch } }],
  };
}

function noise(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => Math.sin(seed + index * 12.9898) * 0.5);
}

/** Runs one call on noise with so many threads. */
async function outputWith(
  threads: number,
  ...[op, attributes, inputs, outputs]: [
    string,
    Program['calls'][number]['attributes'],
    readonly (Place & { readonly ints?: Int32Array })[],
    readonly Place[],
  ]
): Promise<Uint8Array[]> {
  const device = await native({ threads }).open();
  const program = programOf(device, op, attributes, inputs, outputs);
  const executable = await device.compile(program);
  const buffers = program.bindings.map(({ byteLength }, index) => {
    const buffer = device.allocate(byteLength);
    const values = inputs[index]?.ints ?? noise(byteLength / 4, index);
    if (index < inputs.length) device.write(buffer, 0, new Uint8Array(values.buffer));
    return buffer;
  });
  executable.run(buffers);
  const results = await Promise.all(
    outputs.map((_, index) => {
      const at = inputs.length + index;
      return device.read(buffers[at]!, 0, program.bindings[at]!.byteLength);
    }),
  );
  await device.dispose();
  return results;
}

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
      'ssdChunkScan',
      { chunkSize: 64 },
      [
        { shape: [1, 200, 12, 40] },
        { shape: [1, 200, 12] },
        { shape: [12] },
        { shape: [1, 200, 3, 70] },
        { shape: [1, 200, 3, 70] },
        { shape: [1, 12, 40, 70] },
        { dtype: 'i32', shape: [1], ints: Int32Array.of(0) },
      ],
      [{ shape: [1, 200, 12, 40] }, { shape: [1, 12, 40, 70] }],
    ],
  ] as const)(
    'gives the same bits of %s with any number of threads',
    async (op, attributes, inputs, outputs) => {
      const one = await outputWith(1, op, attributes, inputs, outputs);
      for (const threads of [2, 5]) {
        expect(await outputWith(threads, op, attributes, inputs, outputs)).toEqual(one);
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
