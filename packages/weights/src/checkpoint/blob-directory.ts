import { HybraError, throwIfAborted } from '@hybra/spec';
import { quoteName } from '../platform/quote-name.js';
import { blobSource } from '../sources/blob-source.js';
import type { Directory } from './directory.js';
import { checkFileName } from './file-name.js';

/**
 * Files that a person picked or dropped in a browser: a `FileList`, or any list of `File`s.
 * @param files with distinct names
 * @param name shown in messages
 * @throws E_ARGUMENT if two files share a name
 */
export function blobDirectory(
  files: Iterable<Blob & { readonly name: string }>,
  name: string = 'files',
): Directory {
  const byName = new Map<string, Blob>();
  for (const file of files) {
    if (byName.has(file.name)) {
      throw new HybraError(
        'E_ARGUMENT',
        `${name}: two files are called ${quoteName(file.name)}. Expected the files of one folder.`,
      );
    }
    byName.set(file.name, file);
  }
  return {
    name,
    async open(fileName, signal) {
      checkFileName(fileName, name);
      throwIfAborted(signal, `opening ${fileName}`);
      const blob = byName.get(fileName);
      return blob ? blobSource(blob, `${name}/${fileName}`) : undefined;
    },
  };
}
