import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Requirement } from './requirement.js';

const repository = fileURLToPath(new URL('../../', import.meta.url));

/** A reference file or folder that lies outside the repository; its requirement is called `fixtures`. */
export interface SharedFixture extends Requirement {
  /** Absolute path, whether it exists or not. */
  readonly path: string;
}

/**
 * Finds reference material too large for the repository, below `HYBRA_FIXTURES` or, without that variable,
 * below `shared/fixtures` beside the repository.
 * @param relativePath such as `checkpoints/mamba2`
 * @example
 * const fixture = sharedFixture('checkpoints/mamba2');
 * describeWith(fixture, 'on the reference checkpoint', () => { … fixture.path … });
 */
export function sharedFixture(
  relativePath: string,
  folder: string = process.env.HYBRA_FIXTURES ?? resolve(repository, '../shared/fixtures'),
): SharedFixture {
  const path = join(folder, relativePath);
  const missing = existsSync(path)
    ? undefined
    : `${relativePath} is not there; set HYBRA_FIXTURES to the folder of the reference fixtures`;
  return { name: 'fixtures', path, missing };
}
