import {
  type Capabilities,
  type CompileOptions,
  checkRange,
  type Device,
  type DeviceBuffer,
  type DeviceLoss,
  dtypes,
  type Executable,
  HybraError,
  type OpCall,
  type Program,
  resolveKernels,
  type Support,
  throwIfAborted,
} from '@hybra/spec';
import type { Driver } from '../driver/driver.js';
import { handleOf } from '../driver/driver.js';
import type { FoundDevice } from '../driver/find-devices.js';
import { planProgram } from '../fusion/plan-program.js';
import type { CudaKernel } from '../kernel.js';
import { mayOverlap } from '../launch/may-overlap.js';
import { canPersist } from '../persistent/can-persist.js';
import { CallTimer } from './call-timer.js';
import { chooseKernel } from './choose-kernel.js';
import { CudaBuffer } from './cuda-buffer.js';
import { CudaExecutable, type ExecutableHost } from './cuda-executable.js';
import { GraphCache } from './graph-cache.js';
import { KernelLibrary } from './kernel-library.js';
import { Launcher, type ReadyLaunch } from './launcher.js';
import { MemoryPool } from './memory-pool.js';
import { PinnedPool } from './pinned-pool.js';
import { Stream } from './stream.js';
import { UploadRing } from './upload-ring.js';
import { Waits } from './waits.js';

/** What a device is made of. */
export interface CudaDeviceParts {
  readonly backend: string;
  readonly driver: Driver;
  readonly found: FoundDevice;
  readonly kernels: readonly CudaKernel[];
  readonly fatbinFolder: string;
  readonly hasGraphs: boolean;
  readonly isFusing: boolean;
  readonly isOverlapping: boolean;
  readonly isPersistent: boolean;
}

/** Bytes of device memory that are spoken of as one binding at most: more than any GPU has. */
const largestBinding = 2 ** 40;

/** Kernels read 16 bytes at a time. */
const programAlignment = 16;

/** One NVIDIA GPU: everything enqueued goes through one stream, in order. */
export class CudaDevice implements Device {
  readonly backend: string;
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly lost: Promise<DeviceLoss>;
  readonly #parts: CudaDeviceParts;
  readonly #kernelByName: ReadonlyMap<string, CudaKernel>;
  readonly #stream: Stream;
  readonly #library: KernelLibrary;
  readonly #launcher: Launcher;
  readonly #pool: MemoryPool;
  readonly #uploads: UploadRing;
  readonly #downloads: PinnedPool;
  readonly #waits: Waits;
  readonly #buffers = new Set<CudaBuffer>();
  #resolveLost: (loss: DeviceLoss) => void = () => {};
  #loss: HybraError | undefined;
  #failure: unknown;
  #memoryBytes = 0;

  constructor(parts: CudaDeviceParts) {
    this.#parts = parts;
    this.backend = parts.backend;
    this.name = parts.found.name;
    this.capabilities = {
      storage: dtypes.filter((dtype) => dtype !== 'f64'),
      arithmetic: ['f32', 'f16', 'bf16'],
      alignment: 256,
      largestBinding: Math.min(largestBinding, parts.found.memoryBytes),
      subgroupSize: 32,
      threads: parts.found.multiprocessors * 2048,
    };
    this.lost = new Promise((resolve) => {
      this.#resolveLost = resolve;
    });
    this.#kernelByName = new Map(parts.kernels.map((kernel) => [kernel.name, kernel]));
    this.#stream = new Stream(parts.driver, parts.found.ordinal, (error) => this.#lose(error));
    this.#library = new KernelLibrary(this.#stream, parts.fatbinFolder);
    this.#launcher = new Launcher(this.#stream, this.#library);
    this.#pool = new MemoryPool(
      (byteLength) => this.#allocateFresh(byteLength),
      (address) => {
        this.#stream.functions.cuMemFree_v2(address);
      },
    );
    this.#uploads = new UploadRing(this.#stream);
    this.#downloads = new PinnedPool(this.#stream);
    this.#waits = new Waits(this.#stream);
  }

  supports(call: OpCall): Support {
    return chooseKernel(this.#parts.kernels, call);
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<Executable> {
    const { signal, onProgress } = options;
    throwIfAborted(signal, `compile ${program.label}`);
    this.#checkLive();
    const kernels = resolveKernels(program, this.#kernelByName, (kernel, call) => kernel.supports(call), {
      alignment: programAlignment,
    });
    const { found, isPersistent } = this.#parts;
    // Timings are by call, which a run of calls in one launch has none of.
    const persistent = isPersistent && options.timings !== true && canPersist(found) ? found : undefined;
    const planned = planProgram(program, kernels, this.#parts.isFusing, persistent);
    const launches: ReadyLaunch[][] = [];
    // The first launch may follow anything; timings of launches that overlap would mean little.
    let isFirst = true;
    const canOverlap =
      this.#parts.found.capability >= 9 && options.timings !== true && this.#parts.isOverlapping;
    for (const [index, call] of planned.entries()) {
      launches.push(
        call.map((launch) => {
          const isOverlapping = canOverlap && !isFirst && mayOverlap(launch, program);
          isFirst = false;
          return this.#launcher.prepare(launch, isOverlapping);
        }),
      );
      onProgress?.(index + 1, planned.length);
    }
    const segments: CudaBuffer[] = [];
    try {
      for (const bytes of program.segments) {
        segments.push(this.#allocate(bytes, `arena of ${program.label}`));
      }
    } catch (error) {
      for (const segment of segments) segment.dispose();
      throw error;
    }
    const count = launches.reduce((sum, call) => sum + call.length, 0);
    const isTimed = options.timings === true;
    return new CudaExecutable(this.#executableHost(), program, segments, launches, {
      graphs: this.#parts.hasGraphs && !isTimed && count > 1 ? new GraphCache(this.#stream) : undefined,
      timer: isTimed ? new CallTimer(this.#stream, program.calls.length) : undefined,
    });
  }

  allocate(byteLength: number, label?: string): DeviceBuffer {
    const buffer = this.#allocate(byteLength, label);
    const { functions, handle } = this.#stream;
    this.#enqueue(() => {
      const { address } = buffer.block;
      this.#stream.check(functions.cuMemsetD8Async(address, 0, Math.max(byteLength, 1), handle), 'allocate');
    });
    return buffer;
  }

  write(buffer: DeviceBuffer, byteOffset: number, data: Uint8Array): void {
    const own = this.#own(buffer, 'write');
    checkRange('write', own.byteLength, byteOffset, data.byteLength);
    if (data.byteLength === 0) return;
    this.#enqueue(() => this.#uploads.upload(own.block.address + byteOffset, data));
  }

  copy(from: DeviceBuffer, fromOffset: number, to: DeviceBuffer, toOffset: number, byteLength: number): void {
    const source = this.#own(from, 'copy');
    const target = this.#own(to, 'copy');
    checkRange('copy, from', source.byteLength, fromOffset, byteLength);
    checkRange('copy, to', target.byteLength, toOffset, byteLength);
    if (byteLength === 0) return;
    const { functions, handle } = this.#stream;
    this.#enqueue(() => {
      const status = functions.cuMemcpyDtoDAsync_v2(
        target.block.address + toOffset,
        source.block.address + fromOffset,
        byteLength,
        handle,
      );
      this.#stream.check(status, `copy ${byteLength} bytes`);
    });
  }

  async read(
    buffer: DeviceBuffer,
    byteOffset: number,
    byteLength: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    throwIfAborted(signal, 'read');
    const own = this.#own(buffer, 'read');
    checkRange('read', own.byteLength, byteOffset, byteLength);
    if (byteLength === 0) {
      await this.synchronize(signal);
      return new Uint8Array(0);
    }
    const pinned = this.#downloads.take(byteLength);
    const { functions, handle } = this.#stream;
    this.#enqueue(() => {
      const status = functions.cuMemcpyDtoHAsync_v2(
        pinned.address,
        own.block.address + byteOffset,
        byteLength,
        handle,
      );
      this.#stream.check(status, `read ${byteLength} bytes`);
    });
    return this.#wait(
      'read',
      signal,
      () => pinned.bytes.slice(0, byteLength),
      () => {
        if (!this.#loss) this.#downloads.give(pinned);
      },
    );
  }

  async synchronize(signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal, 'synchronize');
    this.#checkLive();
    return this.#wait('synchronize', signal, () => undefined);
  }

  memoryBytes(): number {
    return this.#memoryBytes;
  }

  async dispose(): Promise<void> {
    if (this.#loss) return;
    const error = new HybraError('E_DEVICE_LOST', 'The CUDA device was disposed of. Open another one.', {
      reason: 'destroyed',
    });
    try {
      this.#stream.finish();
    } catch {
      return; // lost just now, and told so
    }
    this.#loss = error;
    this.#waits.failAll(error);
    for (const { block } of this.#buffers) this.#pool.give(block);
    this.#buffers.clear();
    this.#memoryBytes = 0;
    this.#uploads.dispose();
    this.#downloads.dispose();
    this.#launcher.dispose();
    this.#library.dispose();
    this.#pool.dispose();
    this.#stream.dispose();
    this.#resolveLost({ reason: 'destroyed', message: error.message });
  }

  #allocate(byteLength: number, label: string | undefined): CudaBuffer {
    this.#checkLive();
    const block = this.#pool.take(byteLength);
    if (!block) {
      throw new HybraError(
        'E_OUT_OF_MEMORY',
        `${label ?? 'buffer'}: ${this.name} has no ${byteLength} bytes left beside the ${this.#memoryBytes} in use. Dispose of something, or use a smaller model or batch.`,
        { byteLength, label, memoryBytes: this.#memoryBytes },
      );
    }
    const buffer = new CudaBuffer(byteLength, label, block, (disposed) => this.#release(disposed));
    this.#buffers.add(buffer);
    this.#memoryBytes += byteLength;
    return buffer;
  }

  /** `undefined` when there is no memory left: the pool then tries with less. */
  #allocateFresh(byteLength: number): number | undefined {
    if (byteLength > this.#parts.found.memoryBytes) return undefined;
    const made = new BigUint64Array(1);
    const status = this.#stream.functions.cuMemAlloc_v2(made, byteLength);
    if (status === 2) return undefined;
    this.#stream.check(status, `allocate ${byteLength} bytes`);
    return handleOf(made);
  }

  /** Later work on the stream comes after the work that still uses the memory. */
  #release(buffer: CudaBuffer): void {
    if (!this.#buffers.delete(buffer)) return;
    this.#pool.give(buffer.block);
    this.#memoryBytes -= buffer.byteLength;
  }

  #executableHost(): ExecutableHost {
    return {
      launcher: this.#launcher,
      own: (buffer, what) => this.#own(buffer, what),
      enqueue: (action) => this.#enqueue(action),
      settle: () => this.synchronize(),
      isLive: () => this.#loss === undefined,
    };
  }

  #enqueue(action: () => void): void {
    this.#checkLive();
    void this.#stream.functions; // makes the context current
    try {
      action();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  #wait<T>(what: string, signal: AbortSignal | undefined, take: () => T, release?: () => void): Promise<T> {
    if (this.#loss) {
      release?.();
      return Promise.reject(this.#loss);
    }
    const settle = (): T => {
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure !== undefined) throw failure;
      return take();
    };
    return this.#waits.add(what, signal, settle, release);
  }

  #own(buffer: DeviceBuffer, what: string): CudaBuffer {
    this.#checkLive();
    const own = buffer as CudaBuffer;
    if (this.#buffers.has(own)) return own;
    // Freed buffers have left the set; `isDisposed` still tells them from strangers.
    if (own.isDisposed === true) {
      throw new HybraError('E_DISPOSED', `${what}: the buffer was disposed of.`, { what, label: own.label });
    }
    throw new HybraError(
      'E_ARGUMENT',
      `${what}: the buffer belongs to another device. Copy it with read and write.`,
      { what, device: this.name },
    );
  }

  #checkLive(): void {
    if (this.#loss) throw this.#loss;
  }

  #lose(error: HybraError): void {
    if (this.#loss) return;
    this.#loss = error;
    this.#waits?.failAll(error);
    this.#resolveLost({ reason: 'unknown', message: error.message });
  }
}
