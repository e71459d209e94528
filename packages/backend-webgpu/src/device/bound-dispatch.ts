import type { PreparedDispatch } from './prepared-dispatch.js';

/** Memory that a range of a program's buffer lies in. */
export interface BoundMemory {
  readonly gpuBuffer: GPUBuffer;
  /** Distinguishes GPU buffers in keys. */
  readonly id: number;
  readonly offset: number;
  readonly size: number;
}

const keptGroups = 8;

/** A dispatch with its bind groups, kept from run to run by the buffers they bind. */
export class BoundDispatch {
  readonly pipeline: GPUComputePipeline;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** Whether x is all: a shorter call. */
  readonly isFlat: boolean;
  readonly call: number;
  group: GPUBindGroup | undefined;
  readonly #gpu: GPUDevice;
  readonly #prepared: PreparedDispatch;
  readonly #uniform: GPUBufferBinding;
  readonly #groups = new Map<string, GPUBindGroup>();

  constructor(gpu: GPUDevice, prepared: PreparedDispatch, uniform: GPUBufferBinding) {
    this.#gpu = gpu;
    this.#prepared = prepared;
    this.#uniform = uniform;
    this.pipeline = prepared.pipeline.pipeline;
    this.call = prepared.call;
    [this.x, this.y, this.z] = prepared.workgroups;
    this.isFlat = this.y === 1 && this.z === 1;
  }

  /** Whether it touches one of these buffers of the program. */
  uses(buffers: ReadonlySet<number>): boolean {
    return this.#prepared.ranges.some(({ buffer }) => buffers.has(buffer));
  }

  bind(memoryOf: (buffer: number, byteOffset: number, byteLength: number | undefined) => BoundMemory): void {
    const memories = this.#prepared.ranges.map(({ buffer, byteOffset, byteLength }) =>
      memoryOf(buffer, byteOffset, byteLength),
    );
    const key = memories.map(({ id }) => id).join();
    const known = this.#groups.get(key);
    if (known) {
      this.group = known;
      return;
    }
    if (this.#groups.size >= keptGroups) this.#groups.clear();
    this.group = this.#gpu.createBindGroup({
      layout: this.#prepared.pipeline.layout,
      entries: [
        { binding: 0, resource: this.#uniform },
        ...memories.map(({ gpuBuffer, offset, size }, index) => ({
          binding: index + 1,
          resource: { buffer: gpuBuffer, offset, size },
        })),
      ],
    });
    this.#groups.set(key, this.group);
  }

  dispose(): void {
    this.#groups.clear();
    this.group = undefined;
  }
}
