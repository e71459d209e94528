import { setTimeout as delay } from 'node:timers/promises';
import { throwIfAborted } from '@hybra/spec';
import { isTransient, unreachable } from './hub-errors.js';
import type { HubSettings } from './hub-settings.js';

const attempts = 3;

/** A `fetch` for requests to the hub. Fails with E_IO where the hub is unreachable, and E_ABORTED. */
export type HubFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/**
 * `fetch` with the token (for the hub's own origin only: the platform drops it when redirected elsewhere), with the
 * caller's signal, and with retries of connections that fail and of answers that say "later".
 */
export function hubFetch(settings: HubSettings, signal: AbortSignal): HubFetch {
  const { endpoint, token, retryMilliseconds } = settings;
  const origin = new URL(endpoint).origin;
  return async (input, init = {}) => {
    const address = input instanceof Request ? input.url : String(input);
    const headers = new Headers(init.headers);
    if (token !== undefined && new URL(address).origin === origin) {
      headers.set('authorization', `Bearer ${token}`);
    }
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await fetch(address, { ...init, headers, signal });
        if (attempt === attempts || !isTransient(response.status)) return response;
        await response.body?.cancel();
      } catch (error) {
        throwIfAborted(signal, 'downloading');
        if (attempt === attempts) throw unreachable('downloading', address, error);
      }
      await delay(retryMilliseconds * 2 ** (attempt - 1), undefined, { signal }).catch(() => {});
      throwIfAborted(signal, 'downloading');
    }
  };
}
