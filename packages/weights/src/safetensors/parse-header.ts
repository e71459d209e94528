import { decodeUtf8 } from '../json/decode-utf8.js';
import { isPlainObject } from '../json/is-plain-object.js';
import { parseJson } from '../json/parse-json.js';
import { quoteName } from '../platform/quote-name.js';
import { formatError } from './format-error.js';
import { parseMetadata } from './parse-metadata.js';
import { parseTensorInfo, type StoredEntry } from './parse-tensor-info.js';

/** A header read and checked. */
export interface SafetensorsHeader {
  /** Entries in the order of their bytes; they cover the data without a gap. */
  readonly entries: ReadonlyMap<string, StoredEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Nesting of a header: the object, a tensor, its shape. */
const maximumDepth = 3;

/**
 * Reads and checks the JSON header of a safetensors file.
 * @param bytes the header, without the 8 bytes of its length
 * @param dataBytes bytes behind the header
 * @throws E_FORMAT for anything malformed, E_DTYPE for a type that this package does not read
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, file: string): SafetensorsHeader {
  const what = `${file} (header)`;
  // The reference requires the object to start at once; spaces may only follow it.
  if (bytes[0] !== 0x7b) throw formatError(what, 'does not start with {', 'a JSON object');
  const text = decodeUtf8(bytes, what, 'keep');
  const json = parseJson(text, { what, allowNonFinite: false, maximumDepth });
  if (!isPlainObject(json)) throw formatError(what, 'is no object', 'a JSON object');
  const metadata = parseMetadata(json.__metadata__, file);
  const stored: StoredEntry[] = [];
  for (const name of Object.keys(json)) {
    if (name !== '__metadata__') stored.push(parseTensorInfo(name, json[name], file));
  }
  checkCoverage(stored, dataBytes, file);
  return { entries: new Map(stored.map((entry) => [entry.name, entry])), metadata };
}

/** Sorts by offset; each tensor must start where the one before ended, and the last end with the file. */
function checkCoverage(stored: StoredEntry[], dataBytes: number, file: string): void {
  stored.sort((a, b) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength);
  let end = 0;
  for (const entry of stored) {
    if (entry.byteOffset !== end) {
      const flaw = entry.byteOffset < end ? 'overlaps the one before' : 'leaves a gap behind the one before';
      throw formatError(
        file,
        `the data of tensor ${quoteName(entry.name)} ${flaw}: it starts at ${entry.byteOffset}`,
        `it to start at ${end}`,
        { tensor: entry.name, byteOffset: entry.byteOffset },
      );
    }
    end += entry.byteLength;
    // Before the sum can leave the safe integers.
    if (end > dataBytes) {
      throw formatError(
        file,
        `the data of tensor ${quoteName(entry.name)} ends at ${end}, the file holds ${dataBytes} bytes of data`,
        'offsets inside the file: the download may be incomplete',
        { tensor: entry.name, end, dataBytes },
      );
    }
  }
  if (end !== dataBytes) {
    throw formatError(
      file,
      `the tensors cover ${end} of ${dataBytes} bytes of data`,
      'them to cover the data entirely',
      { end, dataBytes },
    );
  }
}
