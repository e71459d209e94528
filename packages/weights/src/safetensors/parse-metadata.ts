import { isPlainObject } from '../json/is-plain-object.js';
import { quoteName } from '../platform/quote-name.js';
import { formatError } from './format-error.js';

/** Checks `__metadata__`: absent, or an object of strings. @throws E_FORMAT */
export function parseMetadata(json: unknown, file: string): Readonly<Record<string, string>> {
  if (json === undefined) return Object.freeze({});
  if (!isPlainObject(json)) throw formatError(file, '__metadata__ is no object', 'an object of strings');
  for (const key of Object.keys(json)) {
    if (typeof json[key] !== 'string') {
      throw formatError(file, `__metadata__.${quoteName(key)} is no string`, 'strings only');
    }
  }
  return Object.freeze(json as Record<string, string>);
}
