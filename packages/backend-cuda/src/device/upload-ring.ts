import type { Address } from '../driver/cuda-functions.js';
import type { PinnedMemory, Stream } from './stream.js';

const sectionBytes = 4 * 2 ** 20;
const sectionCount = 4;
/** Uploads start at multiples of this in the ring. */
const alignment = 64;

/**
 * Uploads through pinned memory: the host copies its bytes into a ring and goes on, the GPU fetches them in the
 * stream's order. A section is written again only when the GPU has fetched what it held.
 */
export class UploadRing {
  readonly #stream: Stream;
  readonly #sections: { readonly memory: PinnedMemory; busyUntil: Address | undefined }[] = [];
  #current = 0;
  #used = 0;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** Enqueues a copy of `data` to the device; it may be changed as soon as this returns. */
  upload(to: Address, data: Uint8Array): void {
    const { functions, handle } = this.#stream;
    for (let from = 0; from < data.byteLength; ) {
      if (this.#used >= sectionBytes) this.#turn();
      const section = this.#section();
      const count = Math.min(data.byteLength - from, sectionBytes - this.#used);
      section.memory.bytes.set(data.subarray(from, from + count), this.#used);
      const source = section.memory.address + this.#used;
      this.#stream.check(
        functions.cuMemcpyHtoDAsync_v2(to + from, source, count, handle),
        `write ${data.byteLength} bytes`,
      );
      from += count;
      this.#used = Math.ceil((this.#used + count) / alignment) * alignment;
    }
  }

  dispose(): void {
    for (const { memory, busyUntil } of this.#sections.splice(0)) {
      if (busyUntil !== undefined) this.#stream.forget(busyUntil);
      this.#stream.unpin(memory);
    }
  }

  #section(): { readonly memory: PinnedMemory; busyUntil: Address | undefined } {
    const existing = this.#sections[this.#current];
    if (existing) return existing;
    const made = { memory: this.#stream.pinned(sectionBytes), busyUntil: undefined };
    this.#sections.push(made);
    return made;
  }

  #turn(): void {
    this.#section().busyUntil = this.#stream.mark();
    this.#current = (this.#current + 1) % sectionCount;
    this.#used = 0;
    const next = this.#sections[this.#current];
    if (next?.busyUntil === undefined) return;
    this.#stream.waitFor(next.busyUntil);
    this.#stream.forget(next.busyUntil);
    next.busyUntil = undefined;
  }
}
