import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Member, publicPackages } from '../workspace/members.js';
import type { Check } from './check.js';

/**
 * Problems with the manifest of one published package.
 * @param hasFile whether the package's folder has a file of this name
 */
export function shapeProblems({ folder, manifest }: Member, hasFile: (name: string) => boolean): string[] {
  const problems: string[] = [];
  const demand = (holds: boolean, what: string): void => {
    if (!holds) problems.push(`${folder}/package.json: ${what}`);
  };
  const entries = Object.keys(manifest.exports ?? {}).filter((entry) => entry !== './package.json');
  demand(manifest.sideEffects === false, '"sideEffects" must be false: importing registers nothing');
  demand(entries.length === 1 && entries[0] === '.', '"exports" must have the one entry "."');
  demand(manifest.type === 'module', '"type" must be "module"');
  demand(manifest.license === 'Apache-2.0', '"license" must be "Apache-2.0"');
  demand(!!manifest.description, '"description" is missing');
  demand(manifest.engines?.node === '>=20.19', '"engines.node" must be ">=20.19"');
  for (const name of ['dist', 'README.md', 'LICENSE']) {
    demand(manifest.files?.includes(name) ?? false, `"files" must list ${name}`);
  }
  for (const [name, range] of Object.entries({
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
  })) {
    demand(/^(workspace:|\d)/.test(range), `${name}: "${range}" must be an exact version`);
  }
  for (const name of ['README.md', 'LICENSE']) {
    if (!hasFile(name)) problems.push(`${folder}: ${name} is missing`);
  }
  return problems;
}

/** What every published package has in common. */
export const packageShape: Check = {
  name: 'package-shape',
  demands: 'each package is free of side effects, has one entry, a README and a licence',
  run: ({ root, members }) => ({
    problems: publicPackages(members).flatMap((member) =>
      shapeProblems(member, (name) => existsSync(join(root, member.folder, name))),
    ),
  }),
};
