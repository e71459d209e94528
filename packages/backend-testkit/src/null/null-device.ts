import {
  type Capabilities,
  type CompileOptions,
  type Device,
  type DeviceBuffer,
  type DeviceLoss,
  dtypes,
  type Executable,
  HybraError,
  type OpCall,
  type Program,
  type Support,
  throwIfAborted,
} from '@hybra/spec';
import type { NullBackendOptions } from './null-backend.js';
import type { NullEvent, NullRecord } from './null-record.js';

const everything: Capabilities = {
  storage: dtypes,
  arithmetic: dtypes,
  alignment: 16,
  largestBinding: Number.MAX_SAFE_INTEGER,
};

/** The device of `nullBackend`. */
export class NullDevice implements Device {
  readonly name = 'Executes nothing';
  readonly capabilities: Capabilities;
  readonly lost: Promise<DeviceLoss>;
  readonly #programs: Program[] = [];
  readonly #events: NullEvent[] = [];
  readonly #answer: NullBackendOptions['supports'];
  #allocations = 0;
  #bytes = 0;
  #isLost = false;
  #lose: (loss: DeviceLoss) => void = () => {};

  constructor(
    readonly backend: string,
    options: NullBackendOptions,
  ) {
    this.capabilities = { ...everything, ...options.capabilities };
    this.#answer = options.supports;
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
  }

  get record(): NullRecord {
    return { programs: this.#programs, events: this.#events, allocations: this.#allocations };
  }

  supports(call: OpCall): Support {
    this.#check();
    return this.#answer?.(call) ?? { supported: true, kernel: `${this.backend}/${call.op}` };
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<Executable> {
    this.#check();
    throwIfAborted(options.signal, 'compile');
    this.#programs.push(program);
    const arenaBytes = program.segments.reduce((sum, bytes) => sum + bytes, 0);
    const release = this.#hold(arenaBytes);
    return {
      arenaBytes,
      run: (bindings) => {
        this.#check();
        this.#events.push({ kind: 'run', program, bindings: [...bindings] });
      },
      dispose: release,
    };
  }

  allocate(byteLength: number): DeviceBuffer {
    this.#check();
    const { largestBinding } = this.capabilities;
    if (byteLength > largestBinding) {
      throw new HybraError(
        'E_OUT_OF_MEMORY',
        `${byteLength} bytes pass the largest binding, ${largestBinding}.`,
      );
    }
    this.#allocations += 1;
    return { byteLength, dispose: this.#hold(byteLength) };
  }

  write(buffer: DeviceBuffer, byteOffset: number, data: Uint8Array): void {
    this.#check();
    this.#events.push({ kind: 'write', buffer, byteOffset, data: data.slice() });
  }

  copy(from: DeviceBuffer, fromOffset: number, to: DeviceBuffer, toOffset: number, byteLength: number): void {
    this.#check();
    this.#events.push({ kind: 'copy', from, fromOffset, to, toOffset, byteLength });
  }

  async read(_: DeviceBuffer, __: number, byteLength: number, signal?: AbortSignal): Promise<Uint8Array> {
    this.#check();
    throwIfAborted(signal, 'read');
    return new Uint8Array(byteLength);
  }

  async synchronize(signal?: AbortSignal): Promise<void> {
    this.#check();
    throwIfAborted(signal, 'synchronize');
  }

  memoryBytes(): number {
    return this.#bytes;
  }

  async dispose(): Promise<void> {
    this.#isLost = true;
    this.#lose({ reason: 'destroyed', message: 'disposed of' });
  }

  /** Counts bytes until the returned function is called for the first time. */
  #hold(byteLength: number): () => void {
    this.#bytes += byteLength;
    let isHeld = true;
    return () => {
      if (isHeld) this.#bytes -= byteLength;
      isHeld = false;
    };
  }

  #check(): void {
    if (this.#isLost) throw new HybraError('E_DEVICE_LOST', 'the device was disposed of.');
  }
}
