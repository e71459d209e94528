import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where `node build.mjs` puts compiled kernels. The same from `src` and from `dist`. */
export function defaultFatbinFolder(): string {
  return fileURLToPath(new URL('../fatbins/', import.meta.url));
}

/** Whether a folder holds compiled kernels. */
export function hasFatbins(folder: string): boolean {
  try {
    return readdirSync(folder).some((name) => name.endsWith('.fatbin'));
  } catch {
    return false;
  }
}

/** The compiled kernels of one file. @throws ENOENT for a module that was not built */
export function readFatbin(folder: string, module: string): Uint8Array {
  return readFileSync(join(folder, `${module}.fatbin`));
}
