import { type DeviceBuffer, type Executable, HybraError, type Program } from '@hybra/spec';
import type { NativeBuffer } from './native-buffer.js';

/** What an executable needs of its device. */
export interface ExecutableHost {
  /** @throws E_DEVICE_LOST, E_DISPOSED, E_ARGUMENT */
  own(buffer: DeviceBuffer, what: string): NativeBuffer;
  /** Enqueues a run. @param addresses of the bindings, in order */
  run(addresses: Float64Array): void;
  /** Waits, then gives the nanoseconds of each call of the last run. */
  timings(): Promise<readonly number[]>;
}

/** A program inside the addon, with its arena. */
export class NativeExecutable implements Executable {
  readonly arenaBytes: number;
  readonly timings?: () => Promise<readonly number[]>;
  readonly #host: ExecutableHost;
  readonly #label: string;
  readonly #bindings: Program['bindings'];
  readonly #segments: readonly NativeBuffer[];
  /** What the last run bound, and its addresses. */
  readonly #bound: NativeBuffer[] = [];
  readonly #addresses: Float64Array;
  #isDisposed = false;

  constructor(host: ExecutableHost, program: Program, segments: readonly NativeBuffer[], isTimed: boolean) {
    this.#host = host;
    this.#label = program.label;
    this.#bindings = program.bindings;
    this.#segments = segments;
    this.#addresses = new Float64Array(program.bindings.length);
    this.arenaBytes = segments.reduce((sum, segment) => sum + segment.byteLength, 0);
    if (isTimed) {
      this.timings = async () => {
        this.#checkUsable();
        return host.timings();
      };
    }
  }

  run(bindings: readonly DeviceBuffer[]): void {
    this.#checkUsable();
    const declared = this.#bindings;
    if (bindings.length !== declared.length) {
      throw new HybraError(
        'E_ARGUMENT',
        `program ${this.#label}: got ${bindings.length} bindings, expected ${declared.length}.`,
        { program: this.#label, got: bindings.length, expected: declared.length },
      );
    }
    for (let index = 0; index < declared.length; index++) {
      // Most are weights, the same in every run. The first stands for the device, which may be gone.
      const last = this.#bound[index];
      const isAsBefore = index > 0 && last !== undefined && bindings[index] === last && !last.isDisposed;
      if (!isAsBefore) this.#bind(index, bindings[index]!);
    }
    this.#host.run(this.#addresses);
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    for (const segment of this.#segments) segment.dispose();
  }

  #bind(index: number, given: DeviceBuffer): void {
    const { name, byteLength } = this.#bindings[index]!;
    const buffer = this.#host.own(given, `program ${this.#label}, binding ${name}`);
    if (buffer.byteLength < byteLength) {
      throw new HybraError(
        'E_ARGUMENT',
        `program ${this.#label}: binding ${name} has ${buffer.byteLength} bytes, expected at least ${byteLength}.`,
        { program: this.#label, binding: name, got: buffer.byteLength, expected: byteLength },
      );
    }
    this.#bound[index] = buffer;
    this.#addresses[index] = buffer.address;
  }

  #checkUsable(): void {
    if (!this.#isDisposed) return;
    throw new HybraError('E_DISPOSED', `program ${this.#label}: the executable was disposed of.`, {
      program: this.#label,
    });
  }
}
