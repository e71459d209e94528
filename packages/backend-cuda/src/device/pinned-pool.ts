import type { PinnedMemory, Stream } from './stream.js';

const smallest = 4096;
/** Bytes that are kept for the next read; larger blocks go back at once. */
const largestKept = 64 * 2 ** 20;
const mostKept = 4;

/** Pinned memory for reads, kept from one to the next: making and freeing it makes the GPU wait. */
export class PinnedPool {
  readonly #stream: Stream;
  readonly #spare = new Map<number, PinnedMemory[]>();

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** At least `byteLength` bytes. @throws E_OUT_OF_MEMORY */
  take(byteLength: number): PinnedMemory {
    const size = Math.max(2 ** Math.ceil(Math.log2(Math.max(byteLength, 1))), smallest);
    return this.#spare.get(size)?.pop() ?? this.#stream.pinned(size);
  }

  give(memory: PinnedMemory): void {
    const size = memory.bytes.byteLength;
    const spare = this.#spare.get(size) ?? [];
    this.#spare.set(size, spare);
    if (size <= largestKept && spare.length < mostKept) spare.push(memory);
    else this.#stream.unpin(memory);
  }

  dispose(): void {
    for (const spare of this.#spare.values()) for (const memory of spare) this.#stream.unpin(memory);
    this.#spare.clear();
  }
}
