import { HybraError } from '@hybra/spec';

/** The modules of Node that parts of this package use. */
export type NodeModuleName =
  | 'node:fs'
  | 'node:fs/promises'
  | 'node:module'
  | 'node:os'
  | 'node:path'
  | 'node:readline';

/**
 * A module of Node, looked up when it is needed: nothing is imported, so that the rest of the package runs in
 * browsers.
 * @param what the task that needs it, for the message
 * @throws E_IO where there is no Node
 */
export function nodeModule<Name extends NodeModuleName>(
  name: Name,
  what: string,
): ReturnType<typeof process.getBuiltinModule<Name>> {
  if (typeof process === 'undefined' || typeof process.getBuiltinModule !== 'function') {
    throw new HybraError(
      'E_IO',
      `${what}: this environment has no ${name}. Expected Node 20.16 or newer. In a browser keep tokens in memory (arrayTokens) and train without a folder.`,
      { what, module: name },
    );
  }
  return process.getBuiltinModule<Name>(name);
}
