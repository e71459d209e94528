import { type DeviceBuffer, type Executable, HybraError, type Program } from '@hybra/spec';
import type { CpuKernel } from '../kernel.js';
import { BoundCall } from './bound-call.js';
import type { BufferUser, CpuBuffer } from './cpu-buffer.js';
import type { Job } from './work-queue.js';

/** What an executable needs of its device. */
export interface ExecutableHost {
  /** @throws E_DEVICE_LOST, E_DISPOSED, E_ARGUMENT */
  own(buffer: DeviceBuffer, what: string): CpuBuffer;
  enqueue(job: Job): void;
  settle(): Promise<void>;
}

/** A program with its kernels built, its arena allocated, and views of both kept from run to run. */
export class CpuExecutable implements Executable, BufferUser {
  readonly arenaBytes: number;
  readonly timings?: () => Promise<readonly number[]>;
  readonly #host: ExecutableHost;
  readonly #program: Program;
  readonly #segments: readonly CpuBuffer[];
  readonly #calls: readonly BoundCall[];
  /** For each binding: the calls with an operand in it, and the buffer their views are of. */
  readonly #callsOfBinding: readonly (readonly BoundCall[])[];
  readonly #bound: (CpuBuffer | undefined)[];
  readonly #nanoseconds: Float64Array | undefined;
  #isDisposed = false;

  constructor(
    host: ExecutableHost,
    program: Program,
    segments: readonly CpuBuffer[],
    kernels: readonly CpuKernel[],
    isTimed: boolean,
  ) {
    this.#host = host;
    this.#program = program;
    this.#segments = segments;
    this.arenaBytes = segments.reduce((sum, segment) => sum + segment.byteLength, 0);
    this.#calls = program.calls.map((call, index) => new BoundCall(call, kernels[index]!.build(call)));
    this.#callsOfBinding = program.bindings.map((_, binding) => {
      const buffers = program.buffers.flatMap(({ location }, index) =>
        location.kind === 'binding' && location.index === binding ? [index] : [],
      );
      return this.#calls.filter((call) => buffers.some((buffer) => call.uses(buffer)));
    });
    this.#bound = program.bindings.map(() => undefined);
    this.#nanoseconds = isTimed ? new Float64Array(program.calls.length) : undefined;
    if (isTimed) this.timings = () => this.#readTimings();
    const isInArena = (buffer: number): boolean => program.buffers[buffer]!.location.kind === 'arena';
    for (const call of this.#calls) call.bind((buffer) => this.#bytesOf(buffer), isInArena);
  }

  run(bindings: readonly DeviceBuffer[]): void {
    this.#checkUsable();
    const { label, bindings: declared } = this.#program;
    if (bindings.length !== declared.length) {
      throw new HybraError(
        'E_ARGUMENT',
        `program ${label}: got ${bindings.length} bindings, expected ${declared.length}.`,
        { program: label, got: bindings.length, expected: declared.length },
      );
    }
    const buffers = declared.map(({ name, byteLength }, index) => {
      const buffer = this.#host.own(bindings[index]!, `program ${label}, binding ${name}`);
      if (buffer.byteLength >= byteLength) return buffer;
      throw new HybraError(
        'E_ARGUMENT',
        `program ${label}: binding ${name} has ${buffer.byteLength} bytes, expected at least ${byteLength}.`,
        { program: label, binding: name, got: buffer.byteLength, expected: byteLength },
      );
    });
    let next = 0;
    this.#host.enqueue((deadline) => {
      if (next === 0) this.#bind(buffers);
      next = this.#runFrom(next, deadline);
      return next === this.#calls.length;
    });
  }

  forget(buffer: CpuBuffer): void {
    this.#bound.forEach((bound, index) => {
      if (bound === buffer) this.#unbind(index);
    });
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    for (const segment of this.#segments) segment.dispose();
    this.#host.enqueue(() => {
      for (const buffer of this.#bound) buffer?.users.delete(this);
      this.#bound.fill(undefined);
      for (const call of this.#calls) {
        call.bind(
          () => undefined,
          () => true,
        );
      }
      return true;
    });
  }

  #runFrom(first: number, deadline: number): number {
    let index = first;
    let now = 0;
    do {
      if (index === this.#calls.length) break;
      const start = this.#nanoseconds ? performance.now() : 0;
      this.#runCall(index);
      now = performance.now();
      if (this.#nanoseconds) this.#nanoseconds[index] = (now - start) * 1e6;
      index++;
    } while (now < deadline);
    return index;
  }

  #runCall(index: number): void {
    try {
      this.#calls[index]!.run();
    } catch (error) {
      if (HybraError.isInstance(error)) throw error;
      const { label, calls } = this.#program;
      const { kernel, op } = calls[index]!;
      throw new HybraError(
        'E_ARGUMENT',
        `program ${label}, call ${index} (${op}): kernel ${kernel} failed.`,
        { program: label, call: index, op, kernel },
        { cause: error },
      );
    }
  }

  #bind(buffers: readonly CpuBuffer[]): void {
    buffers.forEach((buffer, binding) => {
      if (this.#bound[binding] === buffer) return;
      this.#unbind(binding);
      this.#bound[binding] = buffer;
      buffer.users.add(this);
      this.#renew(binding);
    });
  }

  #unbind(binding: number): void {
    const old = this.#bound[binding];
    if (!old) return;
    this.#bound[binding] = undefined;
    if (!this.#bound.includes(old)) old.users.delete(this);
    // Views of freed memory would keep it alive; empty ones take their place.
    this.#renew(binding);
  }

  #renew(binding: number): void {
    const isStale = (buffer: number): boolean => {
      const { location } = this.#program.buffers[buffer]!;
      return location.kind === 'binding' && location.index === binding;
    };
    for (const call of this.#callsOfBinding[binding]!) {
      call.bind((buffer) => this.#bytesOf(buffer), isStale);
    }
  }

  #bytesOf(buffer: number): Uint8Array | undefined {
    const { location, byteLength } = this.#program.buffers[buffer]!;
    if (location.kind === 'binding') return this.#bound[location.index]?.bytes.subarray(0, byteLength);
    return this.#segments[location.segment]!.bytes.subarray(
      location.byteOffset,
      location.byteOffset + byteLength,
    );
  }

  async #readTimings(): Promise<readonly number[]> {
    this.#checkUsable();
    await this.#host.settle();
    return [...this.#nanoseconds!];
  }

  #checkUsable(): void {
    if (!this.#isDisposed) return;
    const { label } = this.#program;
    throw new HybraError('E_DISPOSED', `program ${label}: the executable was disposed of.`, {
      program: label,
    });
  }
}
