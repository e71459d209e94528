import type { Capabilities, Device, OpCall, Support } from '@hybra/spec';

/** What differs from the device that is wrapped. */
export interface DeviceChanges {
  readonly name?: string;
  readonly capabilities?: Partial<Capabilities>;
  readonly supports?: (call: OpCall) => Support;
}

/** A device that is another one, except for some of what it says about itself. */
export function deviceWith(device: Device, changes: DeviceChanges): Device {
  return {
    backend: device.backend,
    name: changes.name ?? device.name,
    capabilities: { ...device.capabilities, ...changes.capabilities },
    lost: device.lost,
    supports: (call) => changes.supports?.(call) ?? device.supports(call),
    compile: (program, options) => device.compile(program, options),
    allocate: (byteLength, label) => device.allocate(byteLength, label),
    write: (buffer, byteOffset, data) => device.write(buffer, byteOffset, data),
    copy: (from, fromOffset, to, toOffset, byteLength) =>
      device.copy(from, fromOffset, to, toOffset, byteLength),
    read: (buffer, byteOffset, byteLength, signal) => device.read(buffer, byteOffset, byteLength, signal),
    synchronize: (signal) => device.synchronize(signal),
    memoryBytes: () => device.memoryBytes(),
    dispose: () => device.dispose(),
  };
}
