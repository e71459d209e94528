import type { HybraError } from '@hybra/spec';
import type { Address, CudaFunctions } from '../driver/cuda-functions.js';
import { type Driver, handleOf } from '../driver/driver.js';
import { errorOf, isFatal, notReady } from '../driver/status.js';

/** CU_STREAM_NON_BLOCKING */
const nonBlocking = 1;
/** CU_EVENT_DISABLE_TIMING */
const withoutTiming = 2;
const portable = 1;

/** Host memory that the GPU copies from and to by itself. */
export interface PinnedMemory {
  readonly address: Address;
  readonly bytes: Uint8Array;
}

/**
 * One GPU's context with the one stream that all work goes through. Failed calls throw; fatal ones tell
 * `onLost` first.
 */
export class Stream {
  readonly driver: Driver;
  readonly handle: Address;
  readonly #context: Address;
  readonly #device: number;
  readonly #onLost: (error: HybraError) => void;
  readonly #events: Address[] = [];

  constructor(driver: Driver, ordinal: number, onLost: (error: HybraError) => void) {
    this.driver = driver;
    this.#device = ordinal;
    this.#onLost = onLost;
    const context = new BigUint64Array(1);
    this.check(driver.functions.cuDevicePrimaryCtxRetain(context, ordinal), 'open the GPU');
    this.#context = handleOf(context);
    const stream = new BigUint64Array(1);
    this.check(this.functions.cuStreamCreate(stream, nonBlocking), 'make a stream');
    this.handle = handleOf(stream);
  }

  /** The driver's functions, with this GPU's context current. */
  get functions(): CudaFunctions {
    const { functions } = this.driver;
    functions.cuCtxSetCurrent(this.#context);
    return functions;
  }

  /** @throws E_OUT_OF_MEMORY, E_DEVICE_LOST, E_ARGUMENT unless the driver's answer is success */
  check(status: number, what: string): void {
    if (status === 0) return;
    const error = errorOf(this.driver, status, what);
    if (isFatal(status)) this.#onLost(error);
    throw error;
  }

  /** Marks the work enqueued so far. */
  mark(): Address {
    let event = this.#events.pop();
    if (event === undefined) {
      const made = new BigUint64Array(1);
      this.check(this.functions.cuEventCreate(made, withoutTiming), 'make an event');
      event = handleOf(made);
    }
    this.check(this.functions.cuEventRecord(event, this.handle), 'record an event');
    return event;
  }

  /** Whether the work before a mark is done. @throws what that work failed with */
  isDone(event: Address): boolean {
    const status = this.functions.cuEventQuery(event);
    if (status === notReady) return false;
    this.check(status, 'run');
    return true;
  }

  /** Blocks until the work before a mark is done. For short waits only. */
  waitFor(event: Address): void {
    this.check(this.functions.cuEventSynchronize(event), 'run');
  }

  /** A mark that nobody asks about any more may be used again. */
  forget(event: Address): void {
    this.#events.push(event);
  }

  /** Blocks until everything is done. */
  finish(): void {
    this.check(this.functions.cuStreamSynchronize(this.handle), 'run');
  }

  pinned(byteLength: number): PinnedMemory {
    const made = new BigUint64Array(1);
    this.check(
      this.functions.cuMemHostAlloc(made, byteLength, portable),
      `allocate ${byteLength} bytes of pinned memory`,
    );
    const address = handleOf(made);
    return { address, bytes: new Uint8Array(this.driver.view(address, byteLength)) };
  }

  unpin({ address }: PinnedMemory): void {
    this.functions.cuMemFreeHost(address);
  }

  dispose(): void {
    const { functions } = this;
    for (const event of this.#events.splice(0)) functions.cuEventDestroy_v2(event);
    functions.cuStreamDestroy_v2(this.handle);
    functions.cuDevicePrimaryCtxRelease_v2(this.#device);
  }
}
