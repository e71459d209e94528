import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isTest, type Member, publicPackages } from '../workspace/members.js';
import { runCommand } from '../workspace/run-command.js';
import type { Check } from './check.js';

const baseBranches = ['origin/main', 'main'];

/** Packages that the front matter of a changeset names. */
export function packagesOfChangeset(text: string): string[] {
  const matter = /^---\n([\s\S]*?)\n?---/.exec(text)?.[1] ?? '';
  return [...matter.matchAll(/^['"]?([^'":\n]+)['"]?\s*:\s*(?:major|minor|patch)\s*$/gm)].map(
    (each) => each[1]!,
  );
}

/** Published packages whose code changed without a changeset that names them. */
export function changesetProblems(
  members: readonly Member[],
  changedFiles: readonly string[],
  changesets: readonly string[],
): string[] {
  const named = new Set(changesets.flatMap(packagesOfChangeset));
  return publicPackages(members)
    .filter(({ folder }) =>
      changedFiles.some((path) => path.startsWith(`${folder}/src/`) && path.endsWith('.ts') && !isTest(path)),
    )
    .filter(({ manifest }) => !named.has(manifest.name))
    .map(({ manifest }) => `${manifest.name} changed; say so to its users with \`pnpm changeset\``);
}

/** Changed code comes with a note for its users. Without a branch to compare with there is nothing to check. */
export const changesets: Check = {
  name: 'changesets',
  demands: 'a change of a published package has a changeset',
  run: async ({ root, members }) => {
    for (const base of baseBranches) {
      const diff = await runCommand('git', ['diff', '--name-only', `${base}...HEAD`], { cwd: root });
      if (diff.exitCode !== 0) continue;
      const folder = join(root, '.changeset');
      const texts = readdirSync(folder)
        .filter((name) => name.endsWith('.md') && name !== 'README.md')
        .map((name) => readFileSync(join(folder, name), 'utf8'));
      return { problems: changesetProblems(members, diff.output.split('\n'), texts) };
    }
    return { problems: [], notes: ['no branch main to compare with; nothing checked'] };
  },
};
