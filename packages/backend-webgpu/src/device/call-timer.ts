import { bufferUsage } from '../gpu-constants.js';
import type { Staging } from './staging.js';

const largestQuerySet = 4096;

/** Measures each call of a program by GPU timestamps: a compute pass per call. */
export class CallTimer {
  readonly #calls: number;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;

  /** Whether a device can measure so many calls. */
  static isPossible(gpu: GPUDevice, calls: number): boolean {
    return gpu.features.has('timestamp-query') && calls > 0 && calls * 2 <= largestQuerySet;
  }

  constructor(gpu: GPUDevice, calls: number) {
    this.#calls = calls;
    this.#queries = gpu.createQuerySet({ type: 'timestamp', count: calls * 2 });
    this.#resolved = gpu.createBuffer({
      size: calls * 16,
      usage: bufferUsage.queryResolve | bufferUsage.copySource,
    });
  }

  /** What a pass for one call is begun with. */
  passOf(call: number): GPUComputePassDescriptor {
    return {
      timestampWrites: {
        querySet: this.#queries,
        beginningOfPassWriteIndex: call * 2,
        endOfPassWriteIndex: call * 2 + 1,
      },
    };
  }

  resolve(encoder: GPUCommandEncoder): void {
    encoder.resolveQuerySet(this.#queries, 0, this.#calls * 2, this.#resolved, 0);
  }

  /** Nanoseconds per call; 0 for calls without a dispatch. */
  async read(staging: Staging): Promise<readonly number[]> {
    const bytes = await staging.read(this.#resolved, 0, this.#calls * 16);
    const stamps = new BigUint64Array(bytes.buffer);
    // Clocks of some drivers step back at a change of power state.
    return Array.from({ length: this.#calls }, (_, call) =>
      Math.max(Number(stamps[call * 2 + 1]! - stamps[call * 2]!), 0),
    );
  }

  dispose(): void {
    this.#queries.destroy();
    this.#resolved.destroy();
  }
}
