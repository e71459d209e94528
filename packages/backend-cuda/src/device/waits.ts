import { HybraError } from '@hybra/spec';
import type { Address } from '../driver/cuda-functions.js';
import type { Stream } from './stream.js';

/** A wait for the work before a mark. */
interface Wait {
  readonly event: Address;
  /** Takes what the work gave, or what it failed with; called once, also when the caller has given up. */
  readonly settle: (error: unknown) => void;
}

/** For how long a wait asks at every turn of the event loop; afterwards every millisecond. */
const eagerMilliseconds = 3;

/** Asks the GPU, without blocking the event loop, whether marked work is done. Marks come in order. */
export class Waits {
  readonly #stream: Stream;
  readonly #waits: Wait[] = [];
  #since = 0;
  #isAsking = false;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /**
   * Resolves with `take()` when the work enqueued so far is done.
   * @param release called when the work is done, whatever became of the wait
   */
  add<T>(
    what: string,
    signal: AbortSignal | undefined,
    take: () => T,
    release: () => void = () => {},
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const abort = (): void => {
        reject(
          new HybraError('E_ABORTED', `${what}: aborted by the caller.`, { what }, { cause: signal?.reason }),
        );
      };
      signal?.addEventListener('abort', abort, { once: true });
      const settle = (error: unknown): void => {
        signal?.removeEventListener('abort', abort);
        try {
          if (error !== undefined) reject(error);
          else resolve(take());
        } catch (failure) {
          reject(failure);
        } finally {
          release();
        }
      };
      this.#waits.push({ event: this.#stream.mark(), settle });
      this.#since = performance.now();
      this.#ask();
    });
  }

  /** Ends all waits with an error: the device is gone. */
  failAll(error: HybraError): void {
    for (const { settle } of this.#waits.splice(0)) settle(error);
  }

  #ask(): void {
    if (this.#isAsking || this.#waits.length === 0) return;
    this.#isAsking = true;
    const next = (): void => {
      this.#isAsking = false;
      this.#look();
      this.#ask();
    };
    if (performance.now() - this.#since < eagerMilliseconds) setImmediate(next);
    else setTimeout(next, 1);
  }

  #look(): void {
    while (this.#waits.length > 0) {
      const { event, settle } = this.#waits[0]!;
      try {
        if (!this.#stream.isDone(event)) return;
      } catch (error) {
        // A fatal failure has ended all waits by now.
        if (this.#waits[0]?.event === event) {
          this.#waits.shift();
          settle(error);
        }
        return;
      }
      this.#waits.shift();
      this.#stream.forget(event);
      this.#since = performance.now();
      settle(undefined);
    }
  }
}
