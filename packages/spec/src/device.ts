import type { DType } from './dtype.js';
import type { OpCall, Support } from './op-call.js';
import type { Program } from './program.js';

/** Facts about a device as numbers and names; code asks these, never which backend it is. */
export interface Capabilities {
  /** Dtypes that buffers may hold. */
  readonly storage: readonly DType[];
  /** Dtypes that kernels compute in. */
  readonly arithmetic: readonly DType[];
  /** Alignment in bytes of every buffer inside an arena segment. A power of two. */
  readonly alignment: number;
  /** Bytes of the largest single buffer or arena segment. */
  readonly largestBinding: number;
  /** Whether one call may read and write disjoint parts of the same arena segment. Default is `true`. */
  readonly aliasesSegments?: boolean;
  /** Lanes of a subgroup (warp, wave); absent where there are none. */
  readonly subgroupSize?: number;
  /** Threads that kernels may use; absent where it means nothing. */
  readonly threads?: number;
}

/** Device memory. Opaque: only the device that made it can use it. */
export interface DeviceBuffer {
  readonly byteLength: number;
  /** Frees the memory once work already enqueued is done. Idempotent. */
  dispose(): void;
}

/** Why a device was lost. `destroyed` means that somebody called `dispose`. */
export interface DeviceLoss {
  readonly reason: 'destroyed' | 'unknown';
  readonly message: string;
}

/** A program ready to run. Owns its arena: running allocates nothing. */
export interface Executable {
  /** Bytes of the arena that this executable holds. */
  readonly arenaBytes: number;
  /** Launches (dispatches) that each call of the program takes; absent where that means nothing. */
  readonly launches?: readonly number[];
  /**
   * Enqueues one run and returns; failures surface at the device's next `read` or `synchronize`.
   * @param bindings one buffer per `program.bindings`, in order
   */
  run(bindings: readonly DeviceBuffer[]): void;
  /** Nanoseconds per call of the last finished run, if `compile` was asked to time. */
  timings?(): Promise<readonly number[]>;
  dispose(): void;
}

/** Options of {@link Device.compile}. */
export interface CompileOptions {
  readonly signal?: AbortSignal;
  /** Measure each call. Default is `false`. */
  readonly timings?: boolean;
  /** Called as kernels get ready. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Hardware that runs programs. Everything enqueued (`write`, `copy`, `run`) happens in order; only `read`,
 * `synchronize` and `compile` are waited for. After a loss every method throws or rejects with `E_DEVICE_LOST`.
 */
export interface Device {
  /** Name of the backend, such as `cpu`. */
  readonly backend: string;
  /** What a person would call this device, such as `CPU reference (JavaScript)` or an adapter's name. */
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Resolves once, when the device is lost or disposed of. Never rejects. */
  readonly lost: Promise<DeviceLoss>;

  /** Which kernel would run this call, or why none can. Pure: the answer depends on the call alone. */
  supports(call: OpCall): Support;
  /** @throws E_ABORTED, E_UNSUPPORTED_OP, E_OUT_OF_MEMORY */
  compile(program: Program, options?: CompileOptions): Promise<Executable>;

  /** Zeroed memory. @throws E_OUT_OF_MEMORY */
  allocate(byteLength: number, label?: string): DeviceBuffer;
  /** Enqueues a copy from the host; `data` may be reused as soon as this returns. */
  write(buffer: DeviceBuffer, byteOffset: number, data: Uint8Array): void;
  /** Enqueues a copy between buffers of this device. */
  copy(from: DeviceBuffer, fromOffset: number, to: DeviceBuffer, toOffset: number, byteLength: number): void;
  /** Waits for everything enqueued before, then gives a copy of the bytes. */
  read(
    buffer: DeviceBuffer,
    byteOffset: number,
    byteLength: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array>;
  /** Waits for everything enqueued before; rejects with the first failure since the last wait. */
  synchronize(signal?: AbortSignal): Promise<void>;
  /** Bytes currently allocated (buffers and arenas). */
  memoryBytes(): number;
  /** Releases the device; a process can exit afterwards. Idempotent. */
  dispose(): Promise<void>;
}
