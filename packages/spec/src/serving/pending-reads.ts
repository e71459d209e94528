import { HybraError } from '../errors.js';

/** Produces the value that a wait ends with, or throws what it ends with. */
type Settle<T> = (produce: () => T) => void;

/** Promises that wait for enqueued work; each can be ended early by its signal, or all by a loss. */
export class PendingReads {
  readonly #rejections = new Set<(error: HybraError) => void>();

  /** @param start begins the wait; it calls `settle` when the work is done, and nothing happens if too late */
  add<T>(what: string, signal: AbortSignal | undefined, start: (settle: Settle<T>) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const abort = (): void => {
        end();
        reject(
          new HybraError('E_ABORTED', `${what}: aborted by the caller.`, { what }, { cause: signal?.reason }),
        );
      };
      const fail = (error: HybraError): void => {
        end();
        reject(error);
      };
      let isOver = false;
      const end = (): void => {
        isOver = true;
        signal?.removeEventListener('abort', abort);
        this.#rejections.delete(fail);
      };
      if (signal?.aborted) {
        abort();
        return;
      }
      signal?.addEventListener('abort', abort, { once: true });
      this.#rejections.add(fail);
      start((produce) => {
        if (isOver) return;
        end();
        try {
          resolve(produce());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  rejectAll(error: HybraError): void {
    for (const reject of [...this.#rejections]) reject(error);
  }
}
