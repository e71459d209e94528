import { HybraError } from '@hybra/spec';

/** Options of `httpSource` and `httpDirectory`. */
export interface HttpOptions {
  /** Default is the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** Sent with every request, such as `{ authorization: 'Bearer …' }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Extra requests per read after cut connections, short bodies and status 408, 429 and 5xx. Default is 4. */
  readonly retries?: number;
  /** Pause before the first retry in milliseconds; doubles each time, up to 8 seconds. Default is 250. */
  readonly retryDelayMilliseconds?: number;
  /** A connection that stays silent this long counts as cut. Default is 60,000 milliseconds. */
  readonly stallMilliseconds?: number;
  /** Largest file that is read whole from a server without range requests. Default is 64 MiB. */
  readonly wholeFileLimit?: number;
  /** Cancels opening. Reads take a signal of their own. */
  readonly signal?: AbortSignal;
}

/** One resource and the settled options for it. */
export interface HttpResource {
  readonly url: string;
  /** The URL without query, fragment and credentials: these may be secrets. */
  readonly name: string;
  readonly fetch: typeof fetch;
  readonly headers: Readonly<Record<string, string>>;
  readonly retries: number;
  readonly retryDelayMilliseconds: number;
  readonly stallMilliseconds: number;
  readonly wholeFileLimit: number;
}

/** Fills in the defaults. @throws E_ARGUMENT if `url` is no absolute http(s) URL */
export function httpResource(url: string | URL, options: HttpOptions): HttpResource {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    throw new HybraError('E_ARGUMENT', 'httpSource: not a URL. Expected an absolute http: or https: URL.');
  }
  return {
    url: parsed.href,
    name: `${parsed.origin}${parsed.pathname}`,
    // Browsers insist on `fetch` being called as a function of the global object.
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    headers: options.headers ?? {},
    retries: options.retries ?? 4,
    retryDelayMilliseconds: options.retryDelayMilliseconds ?? 250,
    stallMilliseconds: options.stallMilliseconds ?? 60_000,
    wholeFileLimit: options.wholeFileLimit ?? 64 * 1024 * 1024,
  };
}
