import type { Device } from '@hybra/spec';

/** The same device, but without kernels for `ops`: what uses them must do with their decompositions. */
export function withoutKernels(device: Device, ops: ReadonlySet<string>): Device {
  return {
    backend: device.backend,
    name: `${device.name} without ${[...ops].join(', ')}`,
    capabilities: device.capabilities,
    lost: device.lost,
    supports: (call) =>
      ops.has(call.op)
        ? { supported: false, reason: 'left out to test the decomposition' }
        : device.supports(call),
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
