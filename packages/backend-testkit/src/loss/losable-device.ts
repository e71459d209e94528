import { type Device, type DeviceBuffer, type DeviceLoss, type Executable, HybraError } from '@hybra/spec';

/** A device that a test can lose. */
export interface LosableDevice extends Device {
  /** From now on every method throws or rejects with `E_DEVICE_LOST`, work in progress included. */
  lose(message?: string): void;
}

/**
 * Wraps a device so that a test can take it away, as a driver does when a graphics card falls off the bus.
 * Buffers and executables made before keep working on the wrapped device until it is lost.
 * @example
 * const device = losableDevice(await cpu().open());
 * device.lose('unplugged');
 * await device.lost; // { reason: 'unknown', message: 'unplugged' }
 */
export function losableDevice(device: Device): LosableDevice {
  let loss: DeviceLoss | undefined;
  let resolveLost: (loss: DeviceLoss) => void = () => {};
  let rejectPending: (error: unknown) => void = () => {};
  const lost = new Promise<DeviceLoss>((resolve) => {
    resolveLost = resolve;
  });
  const never = new Promise<never>((_, reject) => {
    rejectPending = reject;
  });
  never.catch(() => {}); // only the races below look at it
  void device.lost.then(resolveLost);

  const failure = (): HybraError =>
    new HybraError('E_DEVICE_LOST', `${device.name} was lost: ${loss?.message}.`, { device: device.name });
  const guard = <T>(act: () => T): T => {
    if (loss) throw failure();
    return act();
  };
  const guardLater = async <T>(act: () => Promise<T>): Promise<T> => Promise.race([guard(act), never]);

  return {
    backend: device.backend,
    name: device.name,
    capabilities: device.capabilities,
    lost,
    lose(message = 'lost on purpose') {
      if (loss) return;
      loss = { reason: 'unknown', message };
      resolveLost(loss);
      rejectPending(failure());
    },
    supports: (call) => guard(() => device.supports(call)),
    async compile(program, options) {
      const executable = await guardLater(() => device.compile(program, options));
      return losableExecutable(executable, guard, guardLater);
    },
    allocate: (byteLength, label) => guard(() => device.allocate(byteLength, label)),
    write: (buffer, byteOffset, data) => guard(() => device.write(buffer, byteOffset, data)),
    copy: (from, fromOffset, to, toOffset, byteLength) =>
      guard(() => device.copy(from, fromOffset, to, toOffset, byteLength)),
    read: (buffer, byteOffset, byteLength, signal) =>
      guardLater(() => device.read(buffer, byteOffset, byteLength, signal)),
    synchronize: (signal) => guardLater(() => device.synchronize(signal)),
    memoryBytes: () => guard(() => device.memoryBytes()),
    dispose: () => device.dispose(),
  };
}

function losableExecutable(
  executable: Executable,
  guard: <T>(act: () => T) => T,
  guardLater: <T>(act: () => Promise<T>) => Promise<T>,
): Executable {
  const { timings } = executable;
  return {
    arenaBytes: executable.arenaBytes,
    run: (bindings: readonly DeviceBuffer[]) => guard(() => executable.run(bindings)),
    ...(timings && { timings: () => guardLater(() => timings.call(executable)) }),
    dispose: () => executable.dispose(),
  };
}
