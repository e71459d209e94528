import { HybraError } from '@hybra/spec';
import type { Directory } from './directory.js';

/** Options of {@link readSmallFile}, `readJson` and `readOptionalJson`. */
export interface ReadFileOptions {
  /** Default is 64 MiB. */
  readonly maximumBytes?: number;
  readonly signal?: AbortSignal;
}

const defaultMaximumBytes = 64 * 1024 * 1024;

/**
 * A whole file, such as a tokenizer's vocabulary or a chat template; undefined if there is none.
 * @throws E_FORMAT beyond `maximumBytes` (before anything is read), E_IO, E_ABORTED
 */
export async function readSmallFile(
  directory: Directory,
  fileName: string,
  options: ReadFileOptions = {},
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const maximumBytes = options.maximumBytes ?? defaultMaximumBytes;
  const source = await directory.open(fileName, options.signal);
  if (!source) return undefined;
  try {
    if (source.size > maximumBytes) {
      throw new HybraError(
        'E_FORMAT',
        `${source.name}: has ${source.size} bytes. Expected at most ${maximumBytes}.`,
        { source: source.name, size: source.size, maximumBytes },
      );
    }
    return await source.read(0, source.size, options.signal);
  } finally {
    await source.close();
  }
}
