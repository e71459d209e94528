import type { Address } from '../driver/cuda-functions.js';
import { handleOf } from '../driver/driver.js';
import type { Stream } from './stream.js';

/** Measures each call of a program by events between them. */
export class CallTimer {
  readonly #stream: Stream;
  readonly #events: readonly Address[];
  #hasRun = false;

  constructor(stream: Stream, calls: number) {
    this.#stream = stream;
    this.#events = Array.from({ length: calls + 1 }, () => {
      const made = new BigUint64Array(1);
      stream.check(stream.functions.cuEventCreate(made, 0), 'make an event');
      return handleOf(made);
    });
  }

  /** Marks the time before call `index`, or after the last one. */
  before(index: number): void {
    const status = this.#stream.driver.functions.cuEventRecord(this.#events[index]!, this.#stream.handle);
    this.#stream.check(status, 'record an event');
    this.#hasRun = true;
  }

  /** Nanoseconds per call of the last run, which is done; zeros before the first. */
  read(): readonly number[] {
    const { functions } = this.#stream;
    const milliseconds = new Float32Array(1);
    return this.#events.slice(1).map((end, index) => {
      if (!this.#hasRun) return 0;
      this.#stream.check(
        functions.cuEventElapsedTime(milliseconds, this.#events[index]!, end),
        'read an event',
      );
      return milliseconds[0]! * 1e6;
    });
  }

  dispose(): void {
    for (const event of this.#events) this.#stream.functions.cuEventDestroy_v2(event);
  }
}
