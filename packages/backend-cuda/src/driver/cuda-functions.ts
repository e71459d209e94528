/** A handle or address of the driver: a 64-bit number that a double holds exactly. */
export type Address = number;

/**
 * The functions of the CUDA driver API that this backend calls, by the names that they are exported under. Each
 * returns a CUresult. Results that the driver writes go into typed arrays.
 */
export interface CudaFunctions {
  cuInit(flags: number): number;
  cuDriverGetVersion(version: Int32Array): number;
  cuGetErrorName(status: number, name: BigUint64Array): number;
  cuDeviceGetCount(count: Int32Array): number;
  cuDeviceGet(device: Int32Array, ordinal: number): number;
  cuDeviceGetName(name: Uint8Array, length: number, device: number): number;
  cuDeviceTotalMem_v2(bytes: BigUint64Array, device: number): number;
  cuDeviceGetAttribute(value: Int32Array, attribute: number, device: number): number;
  cuDevicePrimaryCtxRetain(context: BigUint64Array, device: number): number;
  cuDevicePrimaryCtxRelease_v2(device: number): number;
  cuCtxSetCurrent(context: Address): number;
  cuMemAlloc_v2(address: BigUint64Array, bytes: number): number;
  cuMemFree_v2(address: Address): number;
  cuMemHostAlloc(address: BigUint64Array, bytes: number, flags: number): number;
  cuMemFreeHost(address: Address): number;
  cuMemcpyHtoDAsync_v2(to: Address, from: Address, bytes: number, stream: Address): number;
  cuMemcpyDtoHAsync_v2(to: Address, from: Address, bytes: number, stream: Address): number;
  cuMemcpyDtoDAsync_v2(to: Address, from: Address, bytes: number, stream: Address): number;
  cuMemsetD8Async(to: Address, value: number, bytes: number, stream: Address): number;
  cuStreamCreate(stream: BigUint64Array, flags: number): number;
  cuStreamDestroy_v2(stream: Address): number;
  cuStreamSynchronize(stream: Address): number;
  cuStreamBeginCapture_v2(stream: Address, mode: number): number;
  cuStreamEndCapture(stream: Address, graph: BigUint64Array): number;
  cuGraphInstantiateWithFlags(executable: BigUint64Array, graph: Address, flags: bigint): number;
  cuGraphLaunch(executable: Address, stream: Address): number;
  cuGraphExecDestroy(executable: Address): number;
  cuGraphDestroy(graph: Address): number;
  cuEventCreate(event: BigUint64Array, flags: number): number;
  cuEventRecord(event: Address, stream: Address): number;
  cuEventQuery(event: Address): number;
  cuEventSynchronize(event: Address): number;
  cuEventElapsedTime(milliseconds: Float32Array, start: Address, end: Address): number;
  cuEventDestroy_v2(event: Address): number;
  cuModuleLoadData(module: BigUint64Array, image: Uint8Array): number;
  cuModuleUnload(module: Address): number;
  cuModuleGetFunction(entry: BigUint64Array, module: Address, name: string): number;
  cuFuncSetAttribute(entry: Address, attribute: number, value: number): number;
  cuLaunchKernel(
    entry: Address,
    gridX: number,
    gridY: number,
    gridZ: number,
    blockX: number,
    blockY: number,
    blockZ: number,
    sharedBytes: number,
    stream: Address,
    parameters: Address,
    extra: Address,
  ): number;
  cuTensorMapEncodeTiled(
    map: Address,
    dtype: number,
    rank: number,
    address: Address,
    extents: BigUint64Array,
    strides: BigUint64Array,
    box: Uint32Array,
    elementStrides: Uint32Array,
    interleave: number,
    swizzle: number,
    promotion: number,
    fill: number,
  ): number;
  cuLaunchKernelEx(config: Address, entry: Address, parameters: Address, extra: Address): number;
}

/** The types of each function's arguments, as koffi names them. */
export const argumentTypes: Readonly<Record<keyof CudaFunctions, readonly string[]>> = {
  cuInit: ['uint'],
  cuDriverGetVersion: ['void *'],
  cuGetErrorName: ['int', 'void *'],
  cuDeviceGetCount: ['void *'],
  cuDeviceGet: ['void *', 'int'],
  cuDeviceGetName: ['void *', 'int', 'int'],
  cuDeviceTotalMem_v2: ['void *', 'int'],
  cuDeviceGetAttribute: ['void *', 'int', 'int'],
  cuDevicePrimaryCtxRetain: ['void *', 'int'],
  cuDevicePrimaryCtxRelease_v2: ['int'],
  cuCtxSetCurrent: ['uint64_t'],
  cuMemAlloc_v2: ['void *', 'size_t'],
  cuMemFree_v2: ['uint64_t'],
  cuMemHostAlloc: ['void *', 'size_t', 'uint'],
  cuMemFreeHost: ['uint64_t'],
  cuMemcpyHtoDAsync_v2: ['uint64_t', 'uint64_t', 'size_t', 'uint64_t'],
  cuMemcpyDtoHAsync_v2: ['uint64_t', 'uint64_t', 'size_t', 'uint64_t'],
  cuMemcpyDtoDAsync_v2: ['uint64_t', 'uint64_t', 'size_t', 'uint64_t'],
  cuMemsetD8Async: ['uint64_t', 'uint8_t', 'size_t', 'uint64_t'],
  cuStreamCreate: ['void *', 'uint'],
  cuStreamDestroy_v2: ['uint64_t'],
  cuStreamSynchronize: ['uint64_t'],
  cuStreamBeginCapture_v2: ['uint64_t', 'int'],
  cuStreamEndCapture: ['uint64_t', 'void *'],
  cuGraphInstantiateWithFlags: ['void *', 'uint64_t', 'uint64_t'],
  cuGraphLaunch: ['uint64_t', 'uint64_t'],
  cuGraphExecDestroy: ['uint64_t'],
  cuGraphDestroy: ['uint64_t'],
  cuEventCreate: ['void *', 'uint'],
  cuEventRecord: ['uint64_t', 'uint64_t'],
  cuEventQuery: ['uint64_t'],
  cuEventSynchronize: ['uint64_t'],
  cuEventElapsedTime: ['void *', 'uint64_t', 'uint64_t'],
  cuEventDestroy_v2: ['uint64_t'],
  cuModuleLoadData: ['void *', 'void *'],
  cuModuleUnload: ['uint64_t'],
  cuModuleGetFunction: ['void *', 'uint64_t', 'str'],
  cuFuncSetAttribute: ['uint64_t', 'int', 'int'],
  cuTensorMapEncodeTiled: [
    'uint64_t',
    'int',
    'uint',
    'uint64_t',
    'void *',
    'void *',
    'void *',
    'void *',
    'int',
    'int',
    'int',
    'int',
  ],
  cuLaunchKernelEx: ['uint64_t', 'uint64_t', 'uint64_t', 'uint64_t'],
  cuLaunchKernel: [
    'uint64_t',
    'uint',
    'uint',
    'uint',
    'uint',
    'uint',
    'uint',
    'uint',
    'uint64_t',
    'uint64_t',
    'uint64_t',
  ],
};
