import { HybraError, throwIfAborted } from '@hybra/spec';
import type { HttpResource } from './http-options.js';

/** A response under way, watched for silence. */
export interface Connection {
  readonly response: Response;
  /** The next piece of the body; undefined at its end. Rejects when the connection is cut, silent or aborted. */
  next(): Promise<Uint8Array | undefined>;
  /** Drops what is left of the body. Must be called. */
  close(): Promise<void>;
}

/**
 * Asks for a range of bytes and waits for the headers.
 * @param range inclusive, as in `Range: bytes=first-last`
 * @throws whatever fetch throws; E_ABORTED if the caller's signal fired
 */
export async function connect(
  resource: HttpResource,
  range: { readonly first: number; readonly last: number },
  signal: AbortSignal | undefined,
): Promise<Connection> {
  const what = `fetching ${resource.name}`;
  const stall = new AbortController();
  const signals = signal ? [stall.signal, signal] : [stall.signal];

  /** Runs one wait with the clock of silence ticking. */
  const watched = async <T>(wait: () => Promise<T>): Promise<T> => {
    throwIfAborted(signal, what);
    const silence = new Error(`no bytes for ${resource.stallMilliseconds} ms`);
    const clock = setTimeout(() => stall.abort(silence), resource.stallMilliseconds);
    try {
      return await wait();
    } catch (error) {
      throwIfAborted(signal, what);
      throw error;
    } finally {
      clearTimeout(clock);
    }
  };

  const response = await watched(() =>
    resource.fetch(resource.url, {
      headers: { ...resource.headers, range: `bytes=${range.first}-${range.last}` },
      signal: AbortSignal.any(signals),
    }),
  );
  const reader = response.body?.getReader();
  return {
    response,
    async next() {
      if (!reader) return undefined;
      const piece = await watched(() => reader.read());
      return piece.done ? undefined : piece.value;
    },
    async close() {
      // Cancelling a stream that already failed rejects with the failure, which its reader has seen.
      await reader?.cancel().catch(() => undefined);
    },
  };
}

/** Waits, unless the caller gives up. @throws E_ABORTED */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal, 'waiting to retry');
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(clock);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const clock = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done);
  });
  throwIfAborted(signal, 'waiting to retry');
}

/** Whether a failure is worth another request: typed errors are final, everything else is the network's. */
export function isTransient(error: unknown): boolean {
  return !HybraError.isInstance(error) || error.details.isTransient === true;
}
