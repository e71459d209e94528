import type { Address } from '../driver/cuda-functions.js';

/** A piece of device memory. */
export interface Block {
  readonly address: Address;
  /** Bytes that it takes, at least those asked for. */
  readonly byteLength: number;
}

const smallest = 512;
const slabBytes = 4 * 2 ** 20;
const largeUnit = 2 * 2 ** 20;

/**
 * Device memory that is given back and used again without asking the driver. Small blocks are powers of two cut
 * from slabs; large ones are multiples of 2 MiB. All work is on one stream, so a block may be used again at once.
 */
export class MemoryPool {
  readonly #allocate: (byteLength: number) => Address | undefined;
  readonly #free: (address: Address) => void;
  readonly #spare = new Map<number, Address[]>();
  readonly #slabs: Address[] = [];
  #slabRest = 0;

  /** @param allocate asks the driver; `undefined` when there is no memory left */
  constructor(allocate: (byteLength: number) => Address | undefined, free: (address: Address) => void) {
    this.#allocate = allocate;
    this.#free = free;
  }

  /** A block with any content, aligned to 512 bytes; `undefined` when there is no memory left. */
  take(byteLength: number): Block | undefined {
    const size = sizeOf(byteLength);
    const spare = this.#spare.get(size)?.pop();
    if (spare !== undefined) return { address: spare, byteLength: size };
    const address = size < largeUnit ? this.#fromSlab(size) : this.#fresh(size);
    return address === undefined ? undefined : { address, byteLength: size };
  }

  give({ address, byteLength }: Block): void {
    const spare = this.#spare.get(byteLength);
    if (spare) spare.push(address);
    else this.#spare.set(byteLength, [address]);
  }

  /** Gives spare large blocks back to the driver. The caller waits for running work first. */
  trim(): void {
    for (const [size, addresses] of this.#spare) {
      if (size < largeUnit) continue;
      for (const address of addresses) this.#free(address);
      this.#spare.delete(size);
    }
  }

  /** Gives everything that is spare back to the driver. */
  dispose(): void {
    this.trim();
    for (const slab of this.#slabs.splice(0)) this.#free(slab);
    this.#spare.clear();
  }

  #fresh(size: number): Address | undefined {
    const address = this.#allocate(size);
    if (address !== undefined) return address;
    this.trim();
    return this.#allocate(size);
  }

  #fromSlab(size: number): Address | undefined {
    if (this.#slabRest < size) {
      const slab = this.#fresh(slabBytes);
      if (slab === undefined) return undefined;
      this.#slabs.push(slab);
      this.#slabRest = slabBytes;
    }
    const address = this.#slabs.at(-1)! + slabBytes - this.#slabRest;
    this.#slabRest -= size;
    return address;
  }
}

function sizeOf(byteLength: number): number {
  if (byteLength > largeUnit / 2) return Math.ceil(byteLength / largeUnit) * largeUnit;
  return Math.max(2 ** Math.ceil(Math.log2(Math.max(byteLength, 1))), smallest);
}
