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
  PendingReads,
  type Program,
  resolveKernels,
  type Support,
  throwIfAborted,
} from '@hybra/spec';
import type { CpuKernel } from '../kernel.js';
import { chooseKernel } from './choose-kernel.js';
import { CpuBuffer } from './cpu-buffer.js';
import { CpuExecutable, type ExecutableHost } from './cpu-executable.js';
import { type Job, WorkQueue } from './work-queue.js';

/** What `cpu()` settles about its devices. */
export interface CpuDeviceOptions {
  readonly backend: string;
  readonly kernels: readonly CpuKernel[];
  readonly memoryLimitBytes: number;
}

const capabilities: Capabilities = {
  storage: dtypes,
  arithmetic: ['f64', 'f32', 'i32', 'u32'],
  alignment: 64,
  // What a typed array may hold in every engine of today.
  largestBinding: 2 ** 32,
  threads: 1,
};

/** The JavaScript thread that it is opened on, as a device. Work is done in slices between turns. */
export class CpuDevice implements Device {
  readonly backend: string;
  readonly name = 'CPU reference (JavaScript)';
  readonly capabilities = capabilities;
  readonly lost: Promise<DeviceLoss>;
  readonly #kernels: readonly CpuKernel[];
  readonly #kernelsByName: ReadonlyMap<string, CpuKernel>;
  readonly #memoryLimitBytes: number;
  readonly #queue = new WorkQueue();
  readonly #reads = new PendingReads();
  readonly #buffers = new Set<CpuBuffer>();
  #memoryBytes = 0;
  #isDisposed = false;
  #resolveLost: (loss: DeviceLoss) => void = () => undefined;

  constructor(options: CpuDeviceOptions) {
    this.backend = options.backend;
    this.#kernels = options.kernels;
    // Of two kernels of one name the first counts, as in `supports`.
    this.#kernelsByName = new Map([...options.kernels].reverse().map((kernel) => [kernel.name, kernel]));
    this.#memoryLimitBytes = options.memoryLimitBytes;
    this.lost = new Promise((resolve) => {
      this.#resolveLost = resolve;
    });
  }

  supports(call: OpCall): Support {
    this.#checkLive();
    return chooseKernel(this.#kernels, call);
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<Executable> {
    this.#checkLive();
    throwIfAborted(options.signal, `compile ${program.label}`);
    const kernels = resolveKernels(program, this.#kernelsByName, (kernel, call) => kernel.supports(call), {
      alignment: 8,
    });
    const segments: CpuBuffer[] = [];
    try {
      for (const byteLength of program.segments) segments.push(this.#reserve(byteLength, program.label));
      const executable = new CpuExecutable(
        this.#executableHost(),
        program,
        segments,
        kernels,
        options.timings === true,
      );
      options.onProgress?.(program.calls.length, program.calls.length);
      return executable;
    } catch (error) {
      for (const segment of segments) segment.dispose();
      throw error;
    }
  }

  allocate(byteLength: number, label?: string): DeviceBuffer {
    this.#checkLive();
    if (!Number.isSafeInteger(byteLength) || byteLength < 0) {
      throw new HybraError(
        'E_ARGUMENT',
        `allocate: got ${byteLength} bytes, expected a whole number from 0.`,
        {
          byteLength,
        },
      );
    }
    return this.#reserve(byteLength, label);
  }

  write(buffer: DeviceBuffer, byteOffset: number, data: Uint8Array): void {
    const to = this.#own(buffer, 'write');
    checkRange('write', to.byteLength, byteOffset, data.byteLength);
    if (this.#queue.isIdle) {
      to.bytes.set(data, byteOffset);
      return;
    }
    const copy = data.slice();
    this.#enqueueNow(() => to.bytes.set(copy, byteOffset));
  }

  copy(from: DeviceBuffer, fromOffset: number, to: DeviceBuffer, toOffset: number, byteLength: number): void {
    const source = this.#own(from, 'copy');
    const target = this.#own(to, 'copy');
    checkRange('copy (from)', source.byteLength, fromOffset, byteLength);
    checkRange('copy (to)', target.byteLength, toOffset, byteLength);
    // `set` reads everything before it writes, so that ranges of one buffer may overlap.
    this.#enqueueNow(() =>
      target.bytes.set(source.bytes.subarray(fromOffset, fromOffset + byteLength), toOffset),
    );
  }

  async read(
    buffer: DeviceBuffer,
    byteOffset: number,
    byteLength: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const from = this.#own(buffer, 'read');
    checkRange('read', from.byteLength, byteOffset, byteLength);
    return this.#wait('read', signal, () => from.bytes.slice(byteOffset, byteOffset + byteLength));
  }

  async synchronize(signal?: AbortSignal): Promise<void> {
    this.#checkLive();
    return this.#wait('synchronize', signal, () => undefined);
  }

  memoryBytes(): number {
    this.#checkLive();
    return this.#memoryBytes;
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#queue.clear();
    for (const buffer of this.#buffers) buffer.free();
    this.#buffers.clear();
    this.#reads.rejectAll(deviceLost());
    this.#resolveLost({ reason: 'destroyed', message: 'The device was disposed of.' });
  }

  #reserve(byteLength: number, label: string | undefined): CpuBuffer {
    const total = this.#memoryBytes + byteLength;
    const details = { byteLength, label, memoryBytes: this.#memoryBytes, limit: this.#memoryLimitBytes };
    if (total > this.#memoryLimitBytes) {
      throw new HybraError(
        'E_OUT_OF_MEMORY',
        `${label ?? 'buffer'}: ${byteLength} bytes more than the ${this.#memoryBytes} in use pass the limit of ${this.#memoryLimitBytes}. Dispose of something, or raise memoryLimitBytes.`,
        details,
      );
    }
    try {
      const buffer = new CpuBuffer(byteLength, label, (disposed) => this.#release(disposed));
      this.#buffers.add(buffer);
      this.#memoryBytes = total;
      return buffer;
    } catch (error) {
      throw new HybraError(
        'E_OUT_OF_MEMORY',
        `${label ?? 'buffer'}: the engine cannot allocate ${byteLength} bytes.`,
        details,
        { cause: error },
      );
    }
  }

  #release(buffer: CpuBuffer): void {
    if (this.#isDisposed) return;
    this.#enqueueNow(() => {
      buffer.free();
      this.#buffers.delete(buffer);
      this.#memoryBytes -= buffer.byteLength;
    });
  }

  #executableHost(): ExecutableHost {
    return {
      own: (buffer, what) => this.#own(buffer, what),
      enqueue: (job) => {
        if (!this.#isDisposed) this.#queue.enqueue(job);
      },
      settle: () => this.synchronize(),
    };
  }

  /** Does something short at once if nothing is before it, else in its order. */
  #enqueueNow(action: () => void): void {
    if (this.#queue.isIdle) action();
    else this.#queue.enqueue(onceJob(action));
  }

  #wait<T>(what: string, signal: AbortSignal | undefined, take: () => T): Promise<T> {
    return this.#reads.add(what, signal, (settle) => {
      this.#enqueueNow(() => {
        settle(() => {
          const failure = this.#queue.takeFailure();
          if (failure) throw failure.error;
          return take();
        });
      });
    });
  }

  #own(buffer: DeviceBuffer, what: string): CpuBuffer {
    this.#checkLive();
    const own = buffer as CpuBuffer;
    if (this.#buffers.has(own) && !own.isDisposed) return own;
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
    if (this.#isDisposed) throw deviceLost();
  }
}

function onceJob(action: () => void): Job {
  return () => {
    action();
    return true;
  };
}

function deviceLost(): HybraError {
  return new HybraError('E_DEVICE_LOST', 'The CPU device was disposed of. Open another one.', {
    reason: 'destroyed',
  });
}
