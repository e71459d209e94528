import { cpu } from '@hybra/backend-cpu';
import type { Backend, Device, DeviceBuffer } from '@hybra/spec';
import { expect, it } from 'vitest';
import { withoutKernels } from '../harness/without-kernels.js';
import { lifeChecks } from './life-checks.js';
import { memoryChecks } from './memory-checks.js';
import { runChecks } from './run-checks.js';

const checks = [...lifeChecks, ...memoryChecks, ...runChecks];

/** Names of the checks that a CPU device with `change` fails. */
async function failures(change: (device: Device) => Partial<Device>): Promise<string[]> {
  const inner = cpu();
  const backend: Backend = {
    ...inner,
    open: async (options) => {
      const device = await inner.open(options);
      return { ...withoutKernels(device, new Set()), ...change(device) };
    },
  };
  const device = await backend.open();
  const failed: string[] = [];
  for (const check of checks) {
    try {
      await check.run({ backend, device });
    } catch {
      failed.push(check.name);
    }
  }
  await device.dispose();
  return failed;
}

it('finds nothing wrong with a sound device', async () => {
  expect(await failures(() => ({}))).toEqual([]);
});

it('finds memory that is not zeroed', async () => {
  const dirty = await failures((device) => ({
    allocate(byteLength) {
      const buffer = device.allocate(byteLength);
      device.write(buffer, 0, new Uint8Array(Math.min(byteLength, 1)).fill(1));
      return buffer;
    },
  }));
  expect(dirty).toContain('allocates zeroed memory, also where memory was freed before');
});

it('finds a write that is late', async () => {
  const late = await failures((device) => ({
    write: (buffer, byteOffset, data) =>
      void queueMicrotask(() => {
        try {
          device.write(buffer, byteOffset, data);
        } catch {} // as a device does that forgets its failures
      }),
  }));
  expect(late).toEqual(
    expect.arrayContaining([
      'takes the data of a write at once',
      'copies between buffers in the order of the calls',
      'refuses ranges outside a buffer',
      'runs in order with writes, copies and reads',
    ]),
  );
});

it('finds bindings that are read after the run returned', async () => {
  const lazy = await failures((device) => ({
    async compile(program, options) {
      const executable = await device.compile(program, options);
      const run = (bindings: readonly DeviceBuffer[]): void =>
        void queueMicrotask(() => {
          try {
            executable.run(bindings);
          } catch {} // as above
        });
      return { arenaBytes: executable.arenaBytes, run, dispose: () => executable.dispose() };
    },
    read: async (buffer, byteOffset, byteLength, signal) => {
      await Promise.resolve(); // so that a run is late, but not too late for its result
      return device.read(buffer, byteOffset, byteLength, signal);
    },
  }));
  expect(lazy).toContain('takes the bindings of a run at once');
  expect(lazy).toContain('refuses a run with missing, short, disposed or foreign bindings');
  expect(lazy).not.toContain('gives a copy when reading');
});

it('finds ignored signals and a device that lives on', async () => {
  const stubborn = await failures((device) => ({
    read: (buffer, byteOffset, byteLength) => device.read(buffer, byteOffset, byteLength),
    dispose: async () => {},
  }));
  expect(stubborn).toEqual(
    expect.arrayContaining([
      'stops when the caller aborts',
      'resolves lost and refuses everything after dispose',
    ]),
  );
});
