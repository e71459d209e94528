import { replaceFile, type WriteOptions } from './replace-file.js';

/**
 * Writes a file so that at every moment there is the old file or the new one, whole. Node only.
 * @throws E_IO (disk full, no permission, no such folder), E_ABORTED; the old file then stays
 */
export async function writeFileAtomic(
  path: string,
  bytes: Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  await replaceFile(path, (append) => append(bytes), options);
}
