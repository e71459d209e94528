import { HybraError } from '@hybra/spec';
import { decodeUtf8 } from '../json/decode-utf8.js';
import { parseJson } from '../json/parse-json.js';
import type { Directory } from './directory.js';
import { type ReadFileOptions, readSmallFile } from './read-small-file.js';

/** Deeper than any real configuration, far from the stack's end. */
const maximumDepth = 256;

/**
 * Reads a JSON file of a checkpoint. Bare `Infinity`, `-Infinity` and `NaN` are numbers, as Python's json module
 * writes them; `{"__float__": "Infinity"}` is left to the caller. A repeated key is an error. A key `__proto__`
 * becomes an ordinary property.
 * @throws E_IO if there is no such file, E_FORMAT (no JSON, no UTF-8, above the size limit, more than 256 levels),
 * E_ABORTED
 */
export async function readJson(
  directory: Directory,
  fileName: string,
  options: ReadFileOptions = {},
): Promise<unknown> {
  const file = await readSmallFile(directory, fileName, options);
  if (!file) {
    throw new HybraError(
      'E_IO',
      `${directory.name}: there is no ${fileName}. Expected the folder of a checkpoint: check the path.`,
      { directory: directory.name, fileName },
    );
  }
  return parseFile(file, `${directory.name}/${fileName}`);
}

/** As {@link readJson}; undefined if there is no such file. */
export async function readOptionalJson(
  directory: Directory,
  fileName: string,
  options: ReadFileOptions = {},
): Promise<unknown> {
  const file = await readSmallFile(directory, fileName, options);
  return file && parseFile(file, `${directory.name}/${fileName}`);
}

function parseFile(file: Uint8Array, what: string): unknown {
  return parseJson(decodeUtf8(file, what, 'drop'), { what, allowNonFinite: true, maximumDepth });
}
