import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Backend,
  byteSize,
  type DeviceBuffer,
  HybraError,
  type Program,
  specVersion,
} from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { lifeChecks } from '../../backend-testkit/src/suites/life-checks.js';
import { memoryChecks } from '../../backend-testkit/src/suites/memory-checks.js';
import { runChecks } from '../../backend-testkit/src/suites/run-checks.js';
import { type CudaOptions, cuda } from './backend.js';
import { type FakeDriver, fakeDriver } from './testing.js';

const folder = mkdtempSync(join(tmpdir(), 'hybra-cuda-'));
for (const module of ['binary', 'persistent']) {
  writeFileSync(join(folder, `${module}.fatbin`), 'not looked at by the fake');
}

function backendOn(driver: FakeDriver, options: CudaOptions = {}): Backend {
  return cuda({ fatbinFolder: folder, loadDriver: async () => ({ loaded: true, driver }), ...options });
}

function codeOf(error: unknown): string | undefined {
  return HybraError.isInstance(error) ? error.code : undefined;
}

/** y = a + b over float32[2], `times` times. */
function sums(times: number): Program {
  const operand = { dtype: 'f32', shape: [2], strides: [1], offset: 0 } as const;
  const byteLength = 2 * byteSize('f32');
  return {
    specVersion,
    label: 'sums',
    bindings: [
      { name: 'a', role: 'input', byteLength },
      { name: 'b', role: 'input', byteLength },
      { name: 'y', role: 'output', byteLength },
    ],
    segments: [],
    buffers: [0, 1, 2].map((index) => ({ location: { kind: 'binding', index }, byteLength })),
    calls: Array.from({ length: times }, () => ({
      op: 'add',
      kernel: 'cuda/add',
      attributes: {},
      inputs: [
        { ...operand, buffer: 0 },
        { ...operand, buffer: 1 },
      ],
      outputs: [{ ...operand, buffer: 2 }],
    })),
  };
}

describe('probe', () => {
  it('tells why there is no driver, and what to do', async () => {
    const backend = cuda({
      loadDriver: async () => ({ loaded: false, reason: 'no driver', remedy: 'Install it.' }),
    });
    expect(await backend.probe()).toEqual({ available: false, reason: 'no driver', remedy: 'Install it.' });
    const refused = await backend.open().catch((error: unknown) => error);
    expect(codeOf(refused)).toBe('E_BACKEND_UNAVAILABLE');
    expect(String(refused)).toContain('no driver');
  });
  it('never throws on the machine that it runs on', async () => {
    const probe = await cuda().probe();
    if (probe.available) expect(probe.devices.length).toBeGreaterThan(0);
    else expect(probe.reason.length).toBeGreaterThan(10);
  });
  it('refuses GPUs that are too old, drivers without devices, and a package without kernels', async () => {
    const old = await backendOn(fakeDriver({ capability: [7, 5] })).probe();
    expect(old).toMatchObject({ available: false, reason: expect.stringContaining('7.5') });
    const none = await backendOn(fakeDriver({ devices: 0 })).probe();
    expect(none.available).toBe(false);
    const broken = await backendOn(fakeDriver({ initStatus: 100 })).probe();
    expect(broken).toMatchObject({ available: false, reason: expect.stringContaining('100') });
    const unbuilt = await backendOn(fakeDriver(), { fatbinFolder: join(folder, 'nothing') }).probe();
    expect(unbuilt).toMatchObject({ available: false, remedy: expect.stringContaining('build.mjs') });
  });
  it('lists devices by ordinal', async () => {
    const probe = await backendOn(fakeDriver({ devices: 2 })).probe();
    expect(probe).toMatchObject({ available: true, devices: [{ id: '0', name: 'Fake GPU' }, { id: '1' }] });
  });
});

describe('a device on the fake driver', () => {
  for (const check of [...lifeChecks, ...memoryChecks, ...runChecks]) {
    it(check.name, async () => {
      const backend = backendOn(fakeDriver());
      const device = await backend.open();
      await check.run({ backend, device });
      await device.dispose();
    });
  }

  it('runs bindings that come again as a graph, with the same result', async () => {
    const driver = fakeDriver();
    const device = await backendOn(driver).open();
    const buffers = [8, 8, 8].map((bytes) => device.allocate(bytes)) as [
      DeviceBuffer,
      DeviceBuffer,
      DeviceBuffer,
    ];
    device.write(buffers[0], 0, new Uint8Array(Float32Array.of(1, 2).buffer));
    device.write(buffers[1], 0, new Uint8Array(Float32Array.of(10, 20).buffer));
    const executable = await device.compile(sums(2));
    for (let run = 0; run < 4; run++) executable.run(buffers);
    const y = await device.read(buffers[2], 0, 8);
    expect([...new Float32Array(y.slice().buffer)]).toEqual([11, 22]);
    expect(driver.calls.filter((name) => name === 'cuStreamBeginCapture_v2')).toHaveLength(1);
    expect(driver.calls.filter((name) => name === 'cuGraphLaunch')).toHaveLength(3);
    expect(driver.launched).toHaveLength(8);
    await device.dispose();
  });

  it('runs small integer sums as one launch where a block has the shared memory for it', async () => {
    const sumsOfIntegers = (): Program => {
      const program = sums(3);
      const asIntegers = (operand: Program['calls'][number]['inputs'][number]) =>
        ({ ...operand, dtype: 'i32' }) as const;
      return {
        ...program,
        calls: program.calls.map((call) => ({
          ...call,
          inputs: call.inputs.map(asIntegers),
          outputs: call.outputs.map(asIntegers),
        })),
      };
    };
    const launchedBy = async (options: CudaOptions): Promise<readonly string[]> => {
      const driver = fakeDriver({ sharedBytesPerBlock: 232_448 });
      const device = await backendOn(driver, options).open();
      const executable = await device.compile(sumsOfIntegers());
      executable.run([8, 8, 8].map((bytes) => device.allocate(bytes)));
      await device.dispose();
      return driver.launched;
    };
    expect(await launchedBy({})).toEqual(['persistent']);
    expect(await launchedBy({ persistent: false })).toEqual(new Array(3).fill('binary_add_word'));
  });

  it('is lost after a fatal result, and says so from then on', async () => {
    const driver = fakeDriver();
    const device = await backendOn(driver).open();
    const buffer = device.allocate(8);
    driver.failNext('cuMemcpyDtoHAsync_v2', 700);
    expect(codeOf(await device.read(buffer, 0, 8).catch((error: unknown) => error))).toBe('E_DEVICE_LOST');
    expect(await device.lost).toMatchObject({ reason: 'unknown' });
    expect(() => device.allocate(8)).toThrow(/lost/);
  });

  it('frees spare memory before it gives up, then names what is in use', async () => {
    const device = await backendOn(fakeDriver({ memoryBytes: 64 * 2 ** 20 })).open();
    const first = device.allocate(40 * 2 ** 20);
    const refused = ((): unknown => {
      try {
        return device.allocate(40 * 2 ** 20);
      } catch (error) {
        return error;
      }
    })();
    expect(codeOf(refused)).toBe('E_OUT_OF_MEMORY');
    first.dispose();
    expect(device.allocate(50 * 2 ** 20).byteLength).toBe(50 * 2 ** 20);
    await device.dispose();
  });

  it('surfaces a failed launch at the next wait, once', async () => {
    const driver = fakeDriver();
    const device = await backendOn(driver).open();
    const executable = await device.compile(sums(1));
    const buffers = [8, 8, 8].map((bytes) => device.allocate(bytes));
    driver.failNext('cuLaunchKernel', 1);
    executable.run(buffers);
    expect(codeOf(await device.synchronize().catch((error: unknown) => error))).toBe('E_ARGUMENT');
    await device.synchronize();
    await device.dispose();
  });
});
