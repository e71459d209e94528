import type { SequenceModel, StateSpec } from '@hybra/layers';
import { byteSize, type Device, elementCount } from '@hybra/spec';
import { disposeTensor, storedValueOf, type Tensor, zerosOn } from '@hybra/tensor';
import { longestChunk } from '../runner/prefill-chunks.js';
import { SlotTable } from './slot-table.js';

/** One pool: `[slots, …]` of one state of one layer. */
export interface Pool {
  /** `3.ssm`: layer and name, as in programs and in files. */
  readonly name: string;
  readonly layer: number;
  readonly key: string;
  readonly spec: StateSpec;
  readonly device: Device;
  tensor: Tensor;
}

/** The least capacity bucket, in tokens. */
const smallestCapacity = 64;

/** The capacity bucket of a length: a power of two. */
export function capacityBucket(tokens: number): number {
  return Math.max(smallestCapacity, 2 ** Math.ceil(Math.log2(Math.max(tokens, 1))));
}

/**
 * The states of all sequences of a model, in device memory: a row per slot. Growing more slots or more tokens
 * is one copy into larger pools; programs are keyed by both.
 */
export class StatePools {
  readonly slots: SlotTable;
  readonly pools: readonly Pool[];
  /** Tokens that `perToken` pools without a window hold per slot. */
  capacity: number;
  readonly #zeros = new Map<Device, Tensor>();

  constructor(model: SequenceModel, slots: number, tokens: number) {
    this.slots = new SlotTable(slots);
    this.capacity = capacityBucket(tokens);
    this.pools = model.stateSpecs.flatMap((specs, layer) =>
      Object.entries(specs).map(([key, spec]): Pool => {
        const device = model.devices[layer]!;
        const name = `${layer}.${key}`;
        return {
          name,
          layer,
          key,
          spec,
          device,
          tensor: zerosOn(device, this.#shapeOf(spec, slots), spec.dtype, name),
        };
      }),
    );
  }

  /** Whether some state grows with every token (a KV cache without a window). */
  get growsWithTokens(): boolean {
    return this.pools.some(({ spec }) => spec.kind === 'perToken' && spec.window === undefined);
  }

  /** Whether some state is a ring over a sliding window. */
  get hasWindows(): boolean {
    return this.pools.some(({ spec }) => spec.kind === 'perToken' && spec.window !== undefined);
  }

  /** Bytes that one sequence's state takes: what is constant, and what each token adds. */
  get bytesPerSlot(): { readonly constant: number; readonly perToken: number } {
    let constant = 0;
    let perToken = 0;
    for (const { spec } of this.pools) {
      const bytes = elementCount(spec.shape) * byteSize(spec.dtype);
      if (spec.kind === 'fixed') constant += bytes;
      else if (spec.window !== undefined) constant += bytes * this.tokenRows(spec);
      else perToken += bytes;
    }
    return { constant, perToken };
  }

  /** Bytes of all pools. */
  get bytes(): number {
    return this.pools.reduce((sum, { tensor }) => sum + tensor.byteLength, 0);
  }

  /** Rows per slot of a `perToken` pool. */
  tokenRows(spec: StateSpec): number {
    return spec.window === undefined ? this.capacity : capacityBucket(spec.window + longestChunk - 1);
  }

  /** Bytes of one slot in a pool. */
  slotBytes({ spec }: Pool): number {
    const rows = spec.kind === 'fixed' ? 1 : this.tokenRows(spec);
    return rows * elementCount(spec.shape) * byteSize(spec.dtype);
  }

  /** Makes room for `slots` slots of `tokens` tokens each. */
  reserve(slots: number, tokens: number): void {
    const capacity = this.growsWithTokens ? Math.max(this.capacity, capacityBucket(tokens)) : this.capacity;
    const count = Math.max(this.slots.capacity, slots);
    if (capacity === this.capacity && count === this.slots.capacity) return;
    const before = this.slots.capacity;
    const oldBytes = this.pools.map((pool) => this.slotBytes(pool));
    this.capacity = capacity;
    for (const [at, pool] of this.pools.entries()) {
      const grown = zerosOn(pool.device, this.#shapeOf(pool.spec, count), pool.spec.dtype, pool.name);
      const from = bufferOf(pool.tensor);
      const to = bufferOf(grown);
      const newBytes = this.slotBytes(pool);
      if (newBytes === oldBytes[at]) {
        pool.device.copy(from, 0, to, 0, before * newBytes);
      } else {
        for (let slot = 0; slot < before; slot++) {
          pool.device.copy(from, slot * oldBytes[at]!, to, slot * newBytes, oldBytes[at]!);
        }
      }
      disposeTensor(pool.tensor);
      pool.tensor = grown;
    }
    this.slots.grow(count);
  }

  /** Zeroes the constant part of a slot; rows of tokens need none, for lengths say which exist. */
  clearSlot(slot: number): void {
    for (const pool of this.pools) {
      if (pool.spec.kind !== 'fixed') continue;
      const bytes = this.slotBytes(pool);
      if (bytes === 0) continue;
      const zeros = bufferOf(this.#zerosFor(pool));
      pool.device.copy(zeros, 0, bufferOf(pool.tensor), slot * bytes, bytes);
    }
  }

  /** Zeros on the pool's device, as many as any slot there has: uploading them anew would take longer than a step. */
  #zerosFor({ device }: Pool): Tensor {
    let zeros = this.#zeros.get(device);
    if (!zeros) {
      const sizes = this.pools
        .filter((pool) => pool.device === device && pool.spec.kind === 'fixed')
        .map((pool) => this.slotBytes(pool));
      zeros = zerosOn(device, [Math.max(...sizes)], 'u8', 'zeros');
      this.#zeros.set(device, zeros);
    }
    return zeros;
  }

  /** Copies one slot's state of `tokens` tokens into another slot. */
  copySlot(from: number, to: number, tokens: number): void {
    for (const pool of this.pools) {
      const stride = this.slotBytes(pool);
      const bytes = this.usedBytes(pool, tokens);
      const buffer = bufferOf(pool.tensor);
      if (bytes > 0) pool.device.copy(buffer, from * stride, buffer, to * stride, bytes);
    }
  }

  /** Bytes of a slot that hold anything after `tokens` tokens. */
  usedBytes(pool: Pool, tokens: number): number {
    if (pool.spec.kind === 'fixed' || pool.spec.window !== undefined) return this.slotBytes(pool);
    return tokens * elementCount(pool.spec.shape) * byteSize(pool.spec.dtype);
  }

  dispose(): void {
    for (const { tensor } of this.pools) disposeTensor(tensor);
    for (const zeros of this.#zeros.values()) disposeTensor(zeros);
    this.#zeros.clear();
  }

  #shapeOf(spec: StateSpec, slots: number): number[] {
    return spec.kind === 'fixed' ? [slots, ...spec.shape] : [slots, this.tokenRows(spec), ...spec.shape];
  }
}

/** The device memory of a pool's tensor. */
export function bufferOf(tensor: Tensor): ReturnType<Device['allocate']> {
  return storedValueOf(tensor, 'state pool').storage.buffer;
}
