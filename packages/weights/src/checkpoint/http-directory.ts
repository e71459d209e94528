import { type HttpOptions, httpResource } from '../sources/http/http-options.js';
import { openHttp } from '../sources/http-source.js';
import type { Directory } from './directory.js';
import { checkFileName } from './file-name.js';

/**
 * A folder behind HTTP: files are `baseUrl/NAME`. A query of `baseUrl` is sent with every file.
 * @throws E_ARGUMENT if `baseUrl` is no absolute http(s) URL
 * @example
 * const weights = await openCheckpoint(httpDirectory('https://example.org/models/tiny'));
 */
export function httpDirectory(baseUrl: string | URL, options: HttpOptions = {}): Directory {
  const base = httpResource(baseUrl, options);
  return {
    name: base.name,
    async open(fileName, signal) {
      checkFileName(fileName, base.name);
      const url = new URL(base.url);
      url.pathname = `${url.pathname.replace(/\/$/, '')}/${encodeURIComponent(fileName)}`;
      return openHttp(httpResource(url, options), signal ?? options.signal);
    },
  };
}
