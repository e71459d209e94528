import { HybraError } from '@hybra/spec';
import { isTransient, pause } from './connection.js';
import type { HttpResource } from './http-options.js';

const longestPauseMilliseconds = 8000;

/**
 * Runs `attempt` until it succeeds, at most `1 + retries` times, with growing pauses. An attempt that keeps what
 * it received can resume there.
 * @throws E_IO with the last failure as its cause; a final typed error at once
 */
export async function withRetries<T>(
  resource: HttpResource,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await attempt();
    } catch (error) {
      if (!isTransient(error)) throw error;
      failures++;
      if (failures > resource.retries) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new HybraError(
          'E_IO',
          `${resource.name}: gave up after ${failures} requests; the last failed with: ${reason} Check the connection and try again.`,
          { source: resource.name, requests: failures },
          { cause: error },
        );
      }
      const delay = resource.retryDelayMilliseconds * 2 ** (failures - 1);
      await pause(Math.min(delay, longestPauseMilliseconds), signal);
    }
  }
}
