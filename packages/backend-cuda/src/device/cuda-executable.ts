import { type DeviceBuffer, type Executable, HybraError, type Program } from '@hybra/spec';
import type { Address } from '../driver/cuda-functions.js';
import type { Place } from '../launch/launch.js';
import type { CallTimer } from './call-timer.js';
import type { CudaBuffer } from './cuda-buffer.js';
import type { GraphCache } from './graph-cache.js';
import type { Launcher, ReadyLaunch } from './launcher.js';

/** What an executable needs of its device. */
export interface ExecutableHost {
  readonly launcher: Launcher;
  /** @throws E_DEVICE_LOST, E_DISPOSED, E_ARGUMENT */
  own(buffer: DeviceBuffer, what: string): CudaBuffer;
  /** Does something that enqueues; a failure surfaces at the next wait. */
  enqueue(action: () => void): void;
  settle(): Promise<void>;
  /** Whether handles of the driver still mean something. */
  isLive(): boolean;
}

/** A program with its launches prepared and its arena allocated. */
export class CudaExecutable implements Executable {
  readonly arenaBytes: number;
  readonly timings?: () => Promise<readonly number[]>;
  readonly #host: ExecutableHost;
  readonly #program: Program;
  readonly #segments: readonly CudaBuffer[];
  /** By call; calls that were fused into a later one have none. */
  readonly #launches: readonly (readonly ReadyLaunch[])[];
  readonly #graphs: GraphCache | undefined;
  readonly #timer: CallTimer | undefined;
  #bound: readonly CudaBuffer[] = [];
  #boundAddresses: readonly Address[] = [];
  #isDisposed = false;

  constructor(
    host: ExecutableHost,
    program: Program,
    segments: readonly CudaBuffer[],
    launches: readonly (readonly ReadyLaunch[])[],
    ways: { readonly graphs: GraphCache | undefined; readonly timer: CallTimer | undefined },
  ) {
    this.#host = host;
    this.#program = program;
    this.#segments = segments;
    this.#launches = launches;
    this.#graphs = ways.graphs;
    this.#timer = ways.timer;
    this.arenaBytes = segments.reduce((sum, segment) => sum + segment.byteLength, 0);
    const { timer } = ways;
    if (timer) {
      this.timings = async () => {
        this.#checkUsable();
        await host.settle();
        return timer.read();
      };
    }
  }

  run(bindings: readonly DeviceBuffer[]): void {
    this.#checkUsable();
    const addresses = this.#addresses(bindings);
    const addressOf = (place: Place): Address => this.#addressOf(place, addresses);
    this.#host.enqueue(() => {
      if (this.#timer) {
        for (const [index, launches] of this.#launches.entries()) {
          this.#timer.before(index);
          for (const launch of launches) this.#host.launcher.launch(launch, addressOf);
        }
        this.#timer.before(this.#launches.length);
        return;
      }
      const all = (): void => {
        for (const launches of this.#launches) {
          for (const launch of launches) this.#host.launcher.launch(launch, addressOf);
        }
      };
      if (this.#graphs) this.#graphs.run(addresses, all);
      else all();
    });
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    if (this.#host.isLive()) {
      this.#graphs?.dispose();
      this.#timer?.dispose();
    }
    for (const segment of this.#segments) segment.dispose();
  }

  /** The same array while the bindings are the same, which is quick to see. */
  #addresses(bindings: readonly DeviceBuffer[]): readonly Address[] {
    const isSame =
      this.#host.isLive() &&
      bindings.length === this.#bound.length &&
      this.#bound.every((buffer, index) => buffer === bindings[index] && !buffer.isDisposed);
    if (!isSame) {
      this.#boundAddresses = this.#addressesOf(bindings);
      this.#bound = bindings.slice() as CudaBuffer[]; // as each was found to be
    }
    return this.#boundAddresses;
  }

  #addressesOf(bindings: readonly DeviceBuffer[]): Address[] {
    const { label, bindings: declared } = this.#program;
    if (bindings.length !== declared.length) {
      throw new HybraError(
        'E_ARGUMENT',
        `program ${label}: got ${bindings.length} bindings, expected ${declared.length}.`,
        { program: label, got: bindings.length, expected: declared.length },
      );
    }
    return declared.map(({ name, byteLength }, index) => {
      const buffer = this.#host.own(bindings[index]!, `program ${label}, binding ${name}`);
      if (buffer.byteLength >= byteLength) return buffer.block.address;
      throw new HybraError(
        'E_ARGUMENT',
        `program ${label}: binding ${name} has ${buffer.byteLength} bytes, expected at least ${byteLength}.`,
        { program: label, binding: name, got: buffer.byteLength, expected: byteLength },
      );
    });
  }

  #addressOf({ buffer, byteOffset }: Place, addresses: readonly Address[]): Address {
    const { location } = this.#program.buffers[buffer]!;
    if (location.kind === 'binding') return addresses[location.index]! + byteOffset;
    return this.#segments[location.segment]!.block.address + location.byteOffset + byteOffset;
  }

  #checkUsable(): void {
    if (!this.#isDisposed) return;
    const { label } = this.#program;
    throw new HybraError('E_DISPOSED', `program ${label}: the executable was disposed of.`, {
      program: label,
    });
  }
}
