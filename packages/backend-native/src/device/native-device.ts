import {
  type Capabilities,
  type CompileOptions,
  checkProgram,
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
  type Support,
  throwIfAborted,
} from '@hybra/spec';
import type { Addon, DeviceHandle } from '../addon/addon.js';
import { answerTo, ruleOf, rulesWith } from '../kernels/index.js';
import type { ProductKinds } from '../kernels/products.js';
import { encodeCall, encodeProgram, type KernelNumbers } from '../program/encode-program.js';
import { NativeBuffer } from './native-buffer.js';
import { NativeExecutable } from './native-executable.js';

/** What `native()` settles about its devices. */
export interface NativeDeviceOptions extends ProductKinds {
  readonly backend: string;
  readonly name: string;
  readonly addon: Addon;
  /** Index into the addon's instruction sets. */
  readonly isa: number;
  readonly threads: number;
  readonly memoryLimitBytes: number;
}

/** The processor's vector units, behind a queue on a thread of its own. */
export class NativeDevice implements Device {
  readonly backend: string;
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly lost: Promise<DeviceLoss>;
  readonly #addon: Addon;
  readonly #handle: DeviceHandle;
  readonly #kernels: KernelNumbers;
  readonly #memoryLimitBytes: number;
  readonly #reads = new PendingReads();
  readonly #buffers = new Set<NativeBuffer>();
  #isDisposed = false;
  #resolveLost: (loss: DeviceLoss) => void = () => undefined;

  constructor(options: NativeDeviceOptions) {
    this.backend = options.backend;
    this.name = options.name;
    this.#addon = options.addon;
    this.#handle = options.addon.open(options.isa, options.threads);
    this.#kernels = {
      rules: rulesWith(options),
      numbers: new Map(options.addon.ops().map((name, number) => [name, number])),
    };
    this.#memoryLimitBytes = options.memoryLimitBytes;
    this.capabilities = {
      storage: dtypes,
      arithmetic: ['f64', 'f32', 'i32', 'u32'],
      alignment: 64,
      largestBinding: 2 ** 46,
      threads: options.threads,
    };
    this.lost = new Promise((resolve) => {
      this.#resolveLost = resolve;
    });
  }

  supports(call: OpCall): Support {
    this.#checkLive();
    const answer = answerTo(this.#kernels.rules, call);
    if ('reason' in answer) return { supported: false, reason: answer.reason };
    const words = Float64Array.from(encodeCall(call, this.#kernels));
    const scratchBytes = this.#addon.scratchBytes(this.#handle, words);
    return {
      supported: true,
      kernel: this.#nameOf(call),
      ...answer,
      ...(scratchBytes > 0 && { scratchBytes }),
    };
  }

  #nameOf(call: OpCall): string {
    return `${this.backend}/${ruleOf(this.#kernels.rules, call.op)?.kernel?.(call) ?? call.op}`;
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<Executable> {
    this.#checkLive();
    throwIfAborted(options.signal, `compile ${program.label}`);
    checkProgram(program, {
      alignment: 8,
      support: (call) => (call.kernel === this.#nameOf(call) ? this.supports(call) : undefined),
    });
    const segments: NativeBuffer[] = [];
    try {
      for (const byteLength of program.segments) segments.push(this.#reserve(byteLength, program.label));
    } catch (error) {
      for (const segment of segments) segment.dispose();
      throw error;
    }
    const isTimed = options.timings === true;
    const handle = this.#addon.compile(
      encodeProgram(program, this.#kernels),
      Float64Array.from(segments, ({ address }) => address),
      isTimed,
    );
    options.onProgress?.(program.calls.length, program.calls.length);
    return new NativeExecutable(
      {
        own: (buffer, what) => this.#own(buffer, what),
        run: (addresses) => this.#addon.run(this.#handle, handle, addresses),
        timings: async () => {
          await this.synchronize();
          const nanoseconds = new Float64Array(program.calls.length);
          this.#addon.timings(handle, nanoseconds);
          return [...nanoseconds];
        },
      },
      program,
      segments,
      isTimed,
    );
  }

  allocate(byteLength: number, label?: string): DeviceBuffer {
    this.#checkLive();
    if (!Number.isSafeInteger(byteLength) || byteLength < 0) {
      throw new HybraError(
        'E_ARGUMENT',
        `allocate: got ${byteLength} bytes, expected a whole number from 0.`,
        { byteLength },
      );
    }
    return this.#reserve(byteLength, label);
  }

  write(buffer: DeviceBuffer, byteOffset: number, data: Uint8Array): void {
    const to = this.#own(buffer, 'write');
    checkRange('write', to.byteLength, byteOffset, data.byteLength);
    this.#addon.write(this.#handle, to.address + byteOffset, data);
  }

  copy(from: DeviceBuffer, fromOffset: number, to: DeviceBuffer, toOffset: number, byteLength: number): void {
    const source = this.#own(from, 'copy');
    const target = this.#own(to, 'copy');
    checkRange('copy (from)', source.byteLength, fromOffset, byteLength);
    checkRange('copy (to)', target.byteLength, toOffset, byteLength);
    this.#addon.copy(this.#handle, source.address + fromOffset, target.address + toOffset, byteLength);
  }

  async read(
    buffer: DeviceBuffer,
    byteOffset: number,
    byteLength: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const from = this.#own(buffer, 'read');
    checkRange('read', from.byteLength, byteOffset, byteLength);
    const bytes = new Uint8Array(byteLength);
    return this.#reads.add('read', signal, (settle) => {
      this.#addon.wait(this.#handle, from.address + byteOffset, bytes, () => settle(() => bytes));
    });
  }

  async synchronize(signal?: AbortSignal): Promise<void> {
    this.#checkLive();
    return this.#reads.add('synchronize', signal, (settle) => {
      this.#addon.wait(this.#handle, 0, undefined, () => settle(() => undefined));
    });
  }

  memoryBytes(): number {
    this.#checkLive();
    return this.#addon.memoryBytes(this.#handle);
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#addon.close(this.#handle);
    this.#buffers.clear();
    this.#reads.rejectAll(deviceLost());
    this.#resolveLost({ reason: 'destroyed', message: 'The device was disposed of.' });
  }

  /** Blocks while it measures; see `Ceilings`. @param buffer what is read */
  measureCeilings(buffer: DeviceBuffer): {
    readonly operationsPerSecond: number;
    readonly readBytesPerSecond: number;
  } {
    const { address, byteLength } = this.#own(buffer, 'measureCeilings');
    return {
      operationsPerSecond: this.#addon.ceiling(this.#handle, 0, 0),
      readBytesPerSecond: this.#addon.ceiling(this.#handle, address, Math.floor(byteLength / 4)),
    };
  }

  #reserve(byteLength: number, label: string | undefined): NativeBuffer {
    const memoryBytes = this.#addon.memoryBytes(this.#handle);
    const details = { byteLength, label, memoryBytes, limit: this.#memoryLimitBytes };
    if (memoryBytes + byteLength > this.#memoryLimitBytes) {
      throw new HybraError(
        'E_OUT_OF_MEMORY',
        `${label ?? 'buffer'}: ${byteLength} bytes more than the ${memoryBytes} in use pass the limit of ${this.#memoryLimitBytes}. Dispose of something, or raise memoryLimitBytes.`,
        details,
      );
    }
    const address = this.#addon.allocate(this.#handle, byteLength);
    if (address === 0) {
      throw new HybraError(
        'E_OUT_OF_MEMORY',
        `${label ?? 'buffer'}: the system cannot allocate ${byteLength} bytes.`,
        details,
      );
    }
    const buffer = new NativeBuffer({ address, byteLength, label }, (disposed) => this.#release(disposed));
    this.#buffers.add(buffer);
    return buffer;
  }

  #release(buffer: NativeBuffer): void {
    if (this.#isDisposed) return;
    this.#buffers.delete(buffer);
    this.#addon.release(this.#handle, buffer.address);
  }

  #own(buffer: DeviceBuffer, what: string): NativeBuffer {
    this.#checkLive();
    const own = buffer as NativeBuffer;
    if (this.#buffers.has(own)) return own;
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

function deviceLost(): HybraError {
  return new HybraError('E_DEVICE_LOST', 'The native CPU device was disposed of. Open another one.', {
    reason: 'destroyed',
  });
}
