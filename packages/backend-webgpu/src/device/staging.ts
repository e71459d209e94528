import { bufferUsage, mapModeRead } from '../gpu-constants.js';
import type { Commands } from './commands.js';

const smallest = 4096;
/** As many as reads may be under way at once without one being made anew. */
const keptPerSize = 8;

/** Host-visible buffers that reads go through, kept by size (powers of two) for the next read. */
export class Staging {
  readonly #gpu: GPUDevice;
  readonly #commands: Commands;
  readonly #free = new Map<number, GPUBuffer[]>();

  constructor(gpu: GPUDevice, commands: Commands) {
    this.#gpu = gpu;
    this.#commands = commands;
  }

  /**
   * Copies bytes out after all work submitted so far. Reads that follow one another overlap.
   * @param byteOffset a multiple of 4
   * @param byteLength a multiple of 4, not 0
   */
  async read(from: GPUBuffer, byteOffset: number, byteLength: number): Promise<Uint8Array> {
    const size = sizeClass(byteLength);
    const staging =
      this.#free.get(size)?.pop() ??
      this.#gpu.createBuffer({
        label: 'hybra read',
        size,
        usage: bufferUsage.mapRead | bufferUsage.copyDestination,
      });
    this.#commands.encoder().copyBufferToBuffer(from, byteOffset, staging, 0, byteLength);
    this.#commands.submit();
    try {
      await staging.mapAsync(mapModeRead, 0, byteLength);
      return new Uint8Array(staging.getMappedRange(0, byteLength)).slice();
    } finally {
      this.#giveBack(staging, size);
    }
  }

  dispose(): void {
    for (const buffers of this.#free.values()) for (const buffer of buffers) buffer.destroy();
    this.#free.clear();
  }

  #giveBack(staging: GPUBuffer, size: number): void {
    if (staging.mapState === 'mapped') staging.unmap();
    const free = this.#free.get(size) ?? [];
    this.#free.set(size, free);
    if (free.length < keptPerSize && staging.mapState === 'unmapped') free.push(staging);
    else staging.destroy();
  }
}

function sizeClass(byteLength: number): number {
  let size = smallest;
  while (size < byteLength) size *= 2;
  return size;
}
