import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FuzzTarget } from '@hybra/testing';
import { readMembers } from '../workspace/members.js';

/** A target and the module it comes from. */
export interface FoundTarget extends FuzzTarget {
  /** Absolute path. */
  readonly module: string;
}

/**
 * Imports the targets of one module.
 * @throws if it exports no list `fuzzTargets`
 */
export async function targetsOf(module: string): Promise<readonly FuzzTarget[]> {
  const { fuzzTargets } = (await import(pathToFileURL(module).href)) as { fuzzTargets?: FuzzTarget[] };
  if (!Array.isArray(fuzzTargets)) throw new Error(`${module} exports no list fuzzTargets.`);
  return fuzzTargets;
}

/** The targets of all packages: `packages/NAME/test/fuzz-targets.ts`. */
export async function findTargets(root: string): Promise<readonly FoundTarget[]> {
  const modules = readMembers(root, ['packages'])
    .map(({ folder }) => join(root, folder, 'test/fuzz-targets.ts'))
    .filter((module) => existsSync(module));
  const found = await Promise.all(
    modules.map(async (module) =>
      (await targetsOf(module)).map(({ name, seeds, run }) => ({ name, seeds, run, module })),
    ),
  );
  return found.flat();
}
