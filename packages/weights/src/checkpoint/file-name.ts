import { HybraError } from '@hybra/spec';
import { quoteName } from '../platform/quote-name.js';

const longest = 255;

/** Whether `name` is one file directly inside a folder, on every system: no path, no drive, no control character. */
export function isPlainFileName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to refuse
  const hasForbidden = /[/\\:\u0000-\u001f]/.test(name);
  return name.length > 0 && name.length <= longest && name !== '.' && name !== '..' && !hasForbidden;
}

/** @throws E_FORMAT unless {@link isPlainFileName} */
export function checkFileName(name: string, where: string): void {
  if (isPlainFileName(name)) return;
  throw new HybraError(
    'E_FORMAT',
    `${where}: ${quoteName(name)} is no plain file name. Expected the name of a file in the same folder, without / \\ : or control characters.`,
    { where },
  );
}
