import { HybraError } from '@hybra/spec';

/** Node's `fs/promises`, as far as types go: nothing is imported, so that bundlers for browsers find nothing. */
export type NodeFileSystem = ReturnType<typeof process.getBuiltinModule<'node:fs/promises'>>;
/** Node's `path`. */
export type NodePath = ReturnType<typeof process.getBuiltinModule<'node:path'>>;
/** Node's `crypto`. */
export type NodeCrypto = ReturnType<typeof process.getBuiltinModule<'node:crypto'>>;

function canLoadNodeModules(): boolean {
  return typeof process !== 'undefined' && typeof process.getBuiltinModule === 'function';
}

/** Node's crypto, or undefined where there is none (browsers). */
export function nodeCrypto(): NodeCrypto | undefined {
  return canLoadNodeModules() ? process.getBuiltinModule('node:crypto') : undefined;
}

/**
 * Node's file system and paths.
 * @throws E_IO where there is none (browsers)
 */
export function nodeFiles(what: string): { fileSystem: NodeFileSystem; path: NodePath } {
  if (!canLoadNodeModules()) {
    throw new HybraError(
      'E_IO',
      `${what}: this environment has no file system. Expected Node 20.16 or newer; in a browser use blobDirectory or httpDirectory (blobSource, httpSource).`,
      { what },
    );
  }
  return {
    fileSystem: process.getBuiltinModule('node:fs/promises'),
    path: process.getBuiltinModule('node:path'),
  };
}
