import { throwIfAborted } from '@hybra/spec';
import { bytesSource } from '../sources/bytes-source.js';
import type { Directory } from './directory.js';
import { checkFileName } from './file-name.js';

/**
 * Files in memory, by name.
 * @param name shown in messages
 */
export function bytesDirectory(
  files: Readonly<Record<string, Uint8Array>>,
  name: string = 'memory',
): Directory {
  const byName = new Map(Object.entries(files));
  return {
    name,
    async open(fileName, signal) {
      checkFileName(fileName, name);
      throwIfAborted(signal, `opening ${fileName}`);
      const bytes = byName.get(fileName);
      return bytes ? bytesSource(bytes, `${name}/${fileName}`) : undefined;
    },
  };
}
