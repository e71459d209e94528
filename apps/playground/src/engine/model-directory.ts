import { blobDirectory, type Directory, httpDirectory, httpSource } from '@hybra/weights';
import type { ModelChoice } from './protocol.js';

/** The folder that a person chose. @throws E_ARGUMENT for a URL that is none, or two files of one name */
export function modelDirectory(choice: ModelChoice): Directory {
  switch (choice.kind) {
    case 'bundled':
      return {
        name: choice.name,
        async open(fileName, signal) {
          const url = choice.urls[fileName];
          return url === undefined ? undefined : httpSource(url, signal ? { signal } : {});
        },
      };
    case 'files':
      return blobDirectory(choice.files, choice.name);
    case 'url':
      return httpDirectory(choice.url);
  }
}
