import { HybraError } from '@hybra/spec';
import type { HttpResource } from './http-options.js';

/** A final failure: another request would not help. */
export function finalFailure(
  resource: HttpResource,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): HybraError {
  return new HybraError('E_IO', `${resource.name}: ${message}`, { source: resource.name, ...details });
}

/** A failure that another request may mend. */
export function transientFailure(resource: HttpResource, message: string): HybraError {
  return finalFailure(resource, message, { isTransient: true });
}

/** The failure that a status other than 200 and 206 stands for. */
export function statusFailure(resource: HttpResource, status: number): HybraError {
  if (status === 408 || status === 429 || status >= 500) {
    return transientFailure(resource, `the server answers ${status}.`);
  }
  const remedy =
    status === 401 || status === 403
      ? 'It asks for permission: pass it in the option headers, such as { authorization: "Bearer …" }.'
      : status === 404 || status === 410
        ? 'There is no such file: check the URL.'
        : 'Expected 206 (partial content): check the URL.';
  return finalFailure(resource, `the server answers ${status}. ${remedy}`, { status });
}
