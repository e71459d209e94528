import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HybraError } from '@hybra/spec';

/** Files that make a folder a checkpoint in another layout. */
const configurations = ['config.json', 'params.json'];

/**
 * The GGUF file of a folder that is no checkpoint otherwise, or the first part of a split one; `undefined` where there
 * is none.
 * @throws E_ARGUMENT where there are several
 */
export function ggufInFolder(path: string): string | undefined {
  if (!existsSync(path) || !statSync(path).isDirectory()) return undefined;
  if (configurations.some((name) => existsSync(join(path, name)))) return undefined;
  const names = readdirSync(path).filter((name) => /\.gguf$/i.test(name));
  const models = new Set(names.sort().map((name) => name.replace(/-\d{5}-of-/, '-00001-of-')));
  const [first, ...others] = models;
  if (first === undefined) return undefined;
  if (others.length === 0) return join(path, first);
  throw new HybraError(
    'E_ARGUMENT',
    `${path} holds ${models.size} models as GGUF: ${[...models].slice(0, 5).join(', ')}. Name one of the files.`,
    { path },
  );
}
