import { throwIfAborted } from '@hybra/spec';

/** Waits for `work`, or until `signal` fires. @throws E_ABORTED */
export async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  what: string,
): Promise<T> {
  if (!signal) return work;
  let stop: (() => void) | undefined;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop!);
  }
  throwIfAborted(signal, what);
  return work;
}
