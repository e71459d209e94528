import { HybraError, throwIfAborted } from '@hybra/spec';
import { systemCode } from '../platform/io-error.js';
import { nodeFiles } from '../platform/node-modules.js';
import { fileSource } from '../sources/file-source.js';
import type { Directory } from './directory.js';
import { checkFileName } from './file-name.js';

/**
 * A folder on the disk. Links are followed (the usual download caches are made of them). Node only.
 * @throws E_IO without a file system
 */
export function folderDirectory(path: string): Directory {
  const { path: nodePath } = nodeFiles(`opening ${path}`);
  return {
    name: path,
    async open(fileName, signal) {
      checkFileName(fileName, path);
      throwIfAborted(signal, `opening ${fileName}`);
      try {
        return await fileSource(nodePath.join(path, fileName));
      } catch (error) {
        const isMissing = HybraError.isInstance(error) && systemCode(error.cause) === 'ENOENT';
        if (isMissing) return undefined;
        throw error;
      }
    },
  };
}
