import type { Driver } from './driver.js';

/** A GPU as the driver describes it. */
export interface FoundDevice {
  readonly ordinal: number;
  readonly name: string;
  readonly memoryBytes: number;
  /** Such as 9.0. */
  readonly capability: number;
  readonly multiprocessors: number;
  /** Most shared memory that a block may ask for. */
  readonly sharedBytesPerBlock: number;
  /** The newest CUDA that the driver knows, such as 13000 for 13.0. */
  readonly driverVersion: number;
}

const attributes = { multiprocessors: 16, major: 75, minor: 76, sharedBytesPerBlock: 97 } as const;
/** Kernels use bfloat16 arithmetic and asynchronous copies, which begin with Ampere. */
export const leastCapability = 8;

/** All GPUs that can run the kernels, or why there are none. */
export function findDevices(driver: Driver): readonly FoundDevice[] | string {
  const { functions } = driver;
  const status = functions.cuInit(0);
  if (status !== 0) return `the NVIDIA driver finds no device (${driver.nameOf(status)})`;
  const count = new Int32Array(1);
  if (functions.cuDeviceGetCount(count) !== 0 || count[0] === 0) return 'the NVIDIA driver lists no device';
  const found: FoundDevice[] = [];
  const older: string[] = [];
  for (let ordinal = 0; ordinal < count[0]!; ordinal++) {
    const device = describe(driver, ordinal);
    if (device.capability >= leastCapability) found.push(device);
    else older.push(`${device.name} has compute capability ${device.capability.toFixed(1)}`);
  }
  return found.length > 0 ? found : `${older.join(', ')}; ${leastCapability.toFixed(1)} or newer is needed`;
}

function describe({ functions }: Driver, ordinal: number): FoundDevice {
  const handle = new Int32Array(1);
  functions.cuDeviceGet(handle, ordinal);
  const device = handle[0]!;
  const name = new Uint8Array(256);
  functions.cuDeviceGetName(name, name.length, device);
  const bytes = new BigUint64Array(1);
  functions.cuDeviceTotalMem_v2(bytes, device);
  const attribute = (which: number): number => {
    const value = new Int32Array(1);
    functions.cuDeviceGetAttribute(value, which, device);
    return value[0]!;
  };
  const driverVersion = new Int32Array(1);
  functions.cuDriverGetVersion(driverVersion);
  return {
    ordinal,
    name: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
    memoryBytes: Number(bytes[0]),
    capability: attribute(attributes.major) + attribute(attributes.minor) / 10,
    multiprocessors: attribute(attributes.multiprocessors),
    sharedBytesPerBlock: attribute(attributes.sharedBytesPerBlock),
    driverVersion: driverVersion[0]!,
  };
}
