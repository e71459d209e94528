/** A device inside the addon. Opaque. */
export type DeviceHandle = object & { readonly __device: never };
/** A program inside the addon. Opaque. */
export type ProgramHandle = object & { readonly __program: never };

/**
 * The functions of the native addon (`native/addon/addon.cpp`). It trusts its caller: whoever calls these has
 * checked ranges, shapes and lifetimes. Addresses are numbers; user space ends below 2^53.
 */
export interface Addon {
  /** Instruction sets that it was built for and that this processor has, fastest first. */
  isas(): readonly string[];
  /** Names of the ops, in the order of their numbers. */
  ops(): readonly string[];
  /** Processors that this process may really use. */
  cpus(): number;
  /** @param isa index into `isas()` */
  open(isa: number, threads: number): DeviceHandle;
  /** Waits for the call that is running, drops everything else, frees all memory. */
  close(device: DeviceHandle): void;
  /** Zeroed memory; 0 if there is none. */
  allocate(device: DeviceHandle, byteLength: number): number;
  /** Frees memory after the work enqueued before. */
  release(device: DeviceHandle, address: number): void;
  memoryBytes(device: DeviceHandle): number;
  /** Enqueues a copy from the host. */
  write(device: DeviceHandle, address: number, data: Uint8Array): void;
  copy(device: DeviceHandle, from: number, to: number, byteLength: number): void;
  /** Once everything before is done, fills `target` from `address` (0: nothing to fill) and calls back. */
  wait(device: DeviceHandle, address: number, target: Uint8Array | undefined, done: () => void): void;
  /** @param call as `encodeCall` writes it */
  scratchBytes(device: DeviceHandle, call: Float64Array): number;
  /** @param program as `encodeProgram` writes it */
  compile(program: Float64Array, segments: Float64Array, isTimed: boolean): ProgramHandle;
  run(device: DeviceHandle, program: ProgramHandle, bindings: Float64Array): void;
  /**
   * Blocks while it measures: operations per second of multiply-adds (address 0), or bytes per second of reading
   * `floats` numbers once. The device must be idle.
   */
  ceiling(device: DeviceHandle, address: number, floats: number): number;
  /** Nanoseconds of each call of the last run. */
  timings(program: ProgramHandle, into: Float64Array): void;
}
