import {
  type Capabilities,
  type CompileOptions,
  type Device,
  type DeviceLoss,
  type DType,
  type Executable,
  HybraError,
  type OpCall,
  type Program,
  type Support,
  specVersion,
  throwIfAborted,
} from '@hybra/spec';
import { PlainBuffer } from './buffer.js';
import { PlainExecutable } from './executable.js';
import { kernels } from './kernels/index.js';

const dtypes: readonly DType[] = ['f32', 'i32', 'u32', 'bool'];

/** A device in the memory of the process. Work is done when it is enqueued, so that order is never a question. */
export class PlainDevice implements Device {
  readonly backend = 'plain';
  readonly name = 'Plain loops';
  readonly capabilities: Capabilities = {
    storage: dtypes,
    arithmetic: dtypes,
    alignment: 16,
    largestBinding: 2 ** 31,
  };
  readonly lost: Promise<DeviceLoss>;
  readonly #held = { bytes: 0 };
  #lose: ((loss: DeviceLoss) => void) | undefined;

  constructor() {
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
  }

  /** The kernel of an op takes every call on dtypes that are stored here, strided or not. */
  supports({ op, inputs, outputs }: OpCall): Support {
    const foreign = [...inputs, ...outputs].find(({ dtype }) => !dtypes.includes(dtype));
    if (foreign) return { supported: false, reason: `${foreign.dtype} is not stored here` };
    const kernel = kernels.get(op);
    if (!kernel) return { supported: false, reason: `there is no kernel for ${op}` };
    const { inPlace } = kernel;
    return { supported: true, kernel: `plain/${op}`, acceptsStrided: true, ...(inPlace && { inPlace }) };
  }

  async compile(program: Program, { signal }: CompileOptions = {}): Promise<Executable> {
    this.#check();
    throwIfAborted(signal, program.label);
    if (program.specVersion !== specVersion) {
      throw new HybraError('E_ARGUMENT', `${program.label} is of another version of the contract.`);
    }
    for (const call of program.calls) {
      const support = this.supports(call);
      if (!support.supported || support.kernel !== call.kernel) {
        throw new HybraError('E_UNSUPPORTED_OP', `${program.label}: there is no ${call.kernel} here.`);
      }
    }
    const segments = program.segments.map((byteLength) => this.allocate(byteLength));
    return new PlainExecutable(program, segments, (buffer) => this.#own(buffer));
  }

  allocate(byteLength: number): PlainBuffer {
    this.#check();
    if (byteLength > this.capabilities.largestBinding) {
      throw new HybraError('E_OUT_OF_MEMORY', `${byteLength} bytes are too many.`, { byteLength });
    }
    return new PlainBuffer(byteLength, this.#held);
  }

  write(buffer: object, byteOffset: number, data: Uint8Array): void {
    this.#own(buffer).range(byteOffset, data.byteLength).set(data);
  }

  copy(from: object, fromOffset: number, to: object, toOffset: number, byteLength: number): void {
    const source = this.#own(from).range(fromOffset, byteLength);
    this.#own(to).range(toOffset, byteLength).set(source);
  }

  async read(
    buffer: object,
    byteOffset: number,
    byteLength: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    throwIfAborted(signal, 'read');
    return this.#own(buffer).range(byteOffset, byteLength).slice();
  }

  async synchronize(signal?: AbortSignal): Promise<void> {
    this.#check();
    throwIfAborted(signal, 'synchronize');
  }

  memoryBytes(): number {
    return this.#held.bytes;
  }

  async dispose(): Promise<void> {
    this.#lose?.({ reason: 'destroyed', message: 'disposed of' });
    this.#lose = undefined;
  }

  #check(): void {
    if (!this.#lose) throw new HybraError('E_DEVICE_LOST', 'the device was disposed of.');
  }

  /** The buffer, if it was made here. */
  #own(buffer: object): PlainBuffer {
    this.#check();
    if (!(buffer instanceof PlainBuffer) || buffer.owner !== this.#held) {
      throw new HybraError('E_ARGUMENT', 'the buffer belongs to another device.');
    }
    return buffer;
  }
}
