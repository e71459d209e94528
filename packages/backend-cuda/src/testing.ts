import type { Address, CudaFunctions } from './driver/cuda-functions.js';
import type { Driver } from './driver/driver.js';

/** A driver that stands in for a GPU in tests: memory in the host, everything done at once. */
export interface FakeDriver extends Driver {
  /** Names of the driver's functions in the order of their calls. */
  readonly calls: string[];
  /** Names of the kernels that ran. */
  readonly launched: string[];
  /** Makes the next call of a function fail with this result. */
  failNext(name: keyof CudaFunctions, status: number): void;
}

interface FakeOptions {
  readonly devices?: number;
  readonly capability?: readonly [number, number];
  readonly memoryBytes?: number;
  readonly initStatus?: number;
  /** Shared memory that a block may ask for; too little for the persistent kernel by default. */
  readonly sharedBytesPerBlock?: number;
}

const firstAddress = 2 ** 40;

/** A fake with devices of so much memory. It runs `binary_add` on float32; other kernels do nothing. */
export function fakeDriver(options: FakeOptions = {}): FakeDriver {
  const {
    devices = 1,
    capability = [9, 0],
    memoryBytes = 2 ** 28,
    initStatus = 0,
    sharedBytesPerBlock = 8,
  } = options;
  const memory = new Map<Address, Uint8Array>();
  const names = new Map<number, string>();
  const calls: string[] = [];
  const launched: string[] = [];
  const failures = new Map<string, number>();
  let capturing: (() => void)[] | undefined;
  const graphs = new Map<number, readonly (() => void)[]>();
  let next = firstAddress;
  let used = 0;

  const take = (bytes: number): Address => {
    const address = next;
    next += Math.ceil(bytes / 4096) * 4096 + 4096;
    memory.set(address, new Uint8Array(bytes));
    return address;
  };
  const at = (address: Address, bytes: number): Uint8Array => {
    for (const [start, block] of memory) {
      if (address >= start && address + bytes <= start + block.byteLength) {
        return block.subarray(address - start, address - start + bytes);
      }
    }
    throw new Error(`the fake has no memory at ${address} + ${bytes}`);
  };
  const word = (address: Address, offset: number): number => {
    const view = new DataView(at(address + offset, 8).slice().buffer);
    return Number(view.getBigUint64(0, true));
  };
  const enqueue = (action: () => void): number => {
    if (capturing) capturing.push(action);
    else action();
    return 0;
  };
  const write = (target: BigUint64Array | Int32Array, value: number): number => {
    target[0] = (target instanceof BigUint64Array ? BigInt(value) : value) as never;
    return 0;
  };
  const handle = (target: BigUint64Array, name = ''): number => {
    names.set(next, name);
    return write(target, next++);
  };
  const copyBytes = (to: Address, from: Address, bytes: number): number =>
    enqueue(() => at(to, bytes).set(at(from, bytes).slice()));
  const launch = (entry: Address, extra: Address): number => {
    const name = names.get(entry)!;
    // Kernels with maps have an address for each parameter instead.
    const parameters = extra === 0 ? new Uint8Array(0) : at(word(extra, 8), word(word(extra, 24), 0)).slice();
    return enqueue(() => {
      launched.push(name);
      if (name !== 'binary_add') return;
      const view = new DataView(parameters.buffer);
      const pointer = (index: number): Address => Number(view.getBigUint64(index * 16, true));
      const bytes = view.getUint32(48, true) * 4;
      const [a, b] = [0, 1].map((index) => new Float32Array(at(pointer(index), bytes).slice().buffer));
      const sum = a!.map((value, index) => value + b![index]!);
      at(pointer(2), bytes).set(new Uint8Array(sum.buffer));
    });
  };

  const functions: CudaFunctions = {
    cuInit: () => initStatus,
    cuDriverGetVersion: (version) => write(version, 13_000),
    cuGetErrorName: () => 1,
    cuDeviceGetCount: (count) => write(count, devices),
    cuDeviceGet: (device, ordinal) => write(device, ordinal),
    cuDeviceGetName: (name) => {
      name.set(new TextEncoder().encode('Fake GPU'));
      return 0;
    },
    cuDeviceTotalMem_v2: (bytes) => write(bytes, memoryBytes),
    cuDeviceGetAttribute: (value, attribute) =>
      write(value, { 75: capability[0], 76: capability[1], 97: sharedBytesPerBlock }[attribute] ?? 8),
    cuDevicePrimaryCtxRetain: (context) => handle(context),
    cuDevicePrimaryCtxRelease_v2: () => 0,
    cuCtxSetCurrent: () => 0,
    cuMemAlloc_v2: (address, bytes) => {
      if (used + bytes > memoryBytes) return 2;
      used += bytes;
      return write(address, take(bytes));
    },
    cuMemFree_v2: (address) => {
      used -= memory.get(address)!.byteLength;
      memory.delete(address);
      return 0;
    },
    cuMemHostAlloc: (address, bytes) => write(address, take(bytes)),
    cuMemFreeHost: (address) => {
      memory.delete(address);
      return 0;
    },
    cuMemcpyHtoDAsync_v2: copyBytes,
    cuMemcpyDtoHAsync_v2: copyBytes,
    cuMemcpyDtoDAsync_v2: copyBytes,
    cuMemsetD8Async: (to, value, bytes) => enqueue(() => at(to, bytes).fill(value)),
    cuStreamCreate: (stream) => handle(stream),
    cuStreamDestroy_v2: () => 0,
    cuStreamSynchronize: () => 0,
    cuStreamBeginCapture_v2: () => {
      capturing = [];
      return 0;
    },
    cuStreamEndCapture: (_, graph) => {
      handle(graph);
      graphs.set(Number(graph[0]), capturing ?? []);
      capturing = undefined;
      return 0;
    },
    cuGraphInstantiateWithFlags: (executable, graph) => {
      handle(executable);
      graphs.set(Number(executable[0]), graphs.get(graph)!);
      return 0;
    },
    cuGraphLaunch: (executable) => {
      for (const action of graphs.get(executable)!) action();
      return 0;
    },
    cuGraphExecDestroy: () => 0,
    cuGraphDestroy: () => 0,
    cuEventCreate: (event) => handle(event),
    cuEventRecord: () => 0,
    cuEventQuery: () => 0,
    cuEventSynchronize: () => 0,
    cuEventElapsedTime: (milliseconds) => {
      milliseconds[0] = 0.5;
      return 0;
    },
    cuEventDestroy_v2: () => 0,
    cuModuleLoadData: (module) => handle(module),
    cuModuleUnload: () => 0,
    cuModuleGetFunction: (entry, _, name) => handle(entry, name),
    cuFuncSetAttribute: () => 0,
    cuLaunchKernel: (entry, ...rest) => launch(entry, rest[9]!),
    cuTensorMapEncodeTiled: () => 0,
    cuLaunchKernelEx: (_config, entry, _parameters, extra) => launch(entry, extra),
  };
  const watched = Object.fromEntries(
    Object.entries(functions).map(([name, call]) => [
      name,
      (...parameters: never[]) => {
        calls.push(name);
        const failure = failures.get(name);
        failures.delete(name);
        return failure ?? (call as (...all: never[]) => number)(...parameters);
      },
    ]),
  ) as unknown as CudaFunctions;
  return {
    functions: watched,
    calls,
    launched,
    view: (address) => memory.get(address)!.buffer as ArrayBuffer,
    nameOf: (status) => `CUresult ${status}`,
    failNext: (name, status) => void failures.set(name, status),
  };
}
