import { type Backend, type Device, dtypes, specVersion } from '@hybra/spec';
import { addProgram, type DeviceCheck, ensure, ensureRefused } from './device-check.js';

async function withFresh(backend: Backend, use: (device: Device) => Promise<void>): Promise<void> {
  const device = await backend.open();
  try {
    await use(device);
  } finally {
    await device.dispose();
  }
}

function late(milliseconds: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, undefined));
}

/** Backends and devices: what they say of themselves, aborting, and the end. */
export const lifeChecks: readonly DeviceCheck[] = [
  {
    name: 'says who it is',
    async run({ backend, device }) {
      ensure(/^[a-z][a-z0-9-]*$/.test(backend.name), `${backend.name} is no lower-case word`);
      ensure(backend.specVersion === specVersion, `specVersion is ${backend.specVersion}`);
      ensure(device.name.length > 0, 'the device has no name');
      ensure(device.backend === backend.name, `device.backend is ${device.backend}, not ${backend.name}`);
      const probe = await backend.probe();
      ensure(probe.available && probe.devices.length > 0, 'probe finds no device, yet one was opened');
    },
  },
  {
    name: 'states capabilities that make sense',
    run({ device }) {
      const { alignment, largestBinding, storage, arithmetic } = device.capabilities;
      ensure(alignment >= 1 && Number.isInteger(Math.log2(alignment)), `alignment is ${alignment}`);
      ensure(alignment % 8 === 0 || !storage.includes('f64'), `alignment ${alignment} does not hold f64`);
      ensure(largestBinding >= alignment, `largestBinding is ${largestBinding}`);
      for (const dtype of ['f32', 'i32', 'u32', 'bool'] as const) {
        ensure(storage.includes(dtype), `storage lacks ${dtype}`);
      }
      ensure(arithmetic.includes('f32'), 'arithmetic lacks f32');
      for (const dtype of arithmetic)
        ensure(storage.includes(dtype), `computes in ${dtype} without storing it`);
      for (const dtype of storage) ensure(dtypes.includes(dtype), `${dtype} is no dtype`);
    },
  },
  {
    name: 'opens the device that is asked for, and no other',
    async run({ backend, device }) {
      const probe = await backend.probe();
      ensure(probe.available, 'probe finds no device');
      const again = await backend.open({ id: probe.devices[0]!.id });
      ensure(again !== device, 'open gives a device that is open already');
      await again.dispose();
      const open = (): Promise<Device> => backend.open({ id: 'no such device' });
      await ensureRefused(device, open, 'an unknown id', ['E_BACKEND_UNAVAILABLE']);
    },
  },
  {
    name: 'stops when the caller aborts',
    async run({ backend, device }) {
      const signal = AbortSignal.abort();
      const aborted = ['E_ABORTED'];
      const buffer = device.allocate(8);
      await ensureRefused(device, () => backend.open({ signal }), 'open', aborted);
      await ensureRefused(
        device,
        () => device.compile(addProgram(device, 2), { signal }),
        'compile',
        aborted,
      );
      await ensureRefused(device, () => device.read(buffer, 0, 8, signal), 'read', aborted);
      await ensureRefused(device, () => device.synchronize(signal), 'synchronize', aborted);
      await device.synchronize();
      buffer.dispose();
    },
  },
  {
    name: 'resolves lost and refuses everything after dispose',
    run: ({ backend }) =>
      withFresh(backend, async (device) => {
        const buffer = device.allocate(8);
        const program = addProgram(device, 2);
        const executable = await device.compile(program);
        await device.dispose();
        await device.dispose();
        const loss = await Promise.race([device.lost, late(2000)]);
        ensure(loss?.reason === 'destroyed', `lost resolved with ${loss?.reason}, expected destroyed`);
        const lost = ['E_DEVICE_LOST'];
        await ensureRefused(device, () => device.allocate(8), 'allocate', lost);
        await ensureRefused(device, () => device.write(buffer, 0, new Uint8Array(4)), 'write', lost);
        await ensureRefused(device, () => device.copy(buffer, 0, buffer, 4, 4), 'copy', lost);
        await ensureRefused(device, () => device.read(buffer, 0, 8), 'read', lost);
        await ensureRefused(device, () => device.synchronize(), 'synchronize', lost);
        await ensureRefused(device, () => device.compile(program), 'compile', lost);
        await ensureRefused(device, () => executable.run([buffer, buffer, buffer]), 'run', lost);
        buffer.dispose();
        executable.dispose();
      }),
  },
];
