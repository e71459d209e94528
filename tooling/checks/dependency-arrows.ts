import { architecture, isOurs, type PackageRule } from '../workspace/architecture.js';
import { isTest, type Member } from '../workspace/members.js';
import { sourceFacts } from '../workspace/source-facts.js';
import type { Check } from './check.js';

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
}

function mayImport(rule: PackageRule, name: string): boolean {
  return rule.imports === 'anything' || rule.imports.includes(name);
}

function sourceProblems(member: Member, rule: PackageRule): string[] {
  const { manifest } = member;
  const declared = {
    ...manifest.dependencies,
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
  };
  return member.sources
    .filter((file) => file.path.startsWith(`${member.folder}/src/`) && !isTest(file.path))
    .flatMap((file) =>
      sourceFacts(file).imports.flatMap(({ specifier, line }) => {
        if (specifier.startsWith('.') || specifier.startsWith('node:')) return [];
        const name = packageOf(specifier);
        const place = `${file.path}:${line}`;
        if (name === manifest.name) return [`${place}: imports its own package by name`];
        if (isOurs(specifier) && !mayImport(rule, name)) {
          return [`${place}: ${manifest.name} may not import ${name} (tooling/workspace/architecture.ts)`];
        }
        if (specifier !== name && isOurs(specifier)) {
          return [`${place}: imports ${specifier}, but a package has one entry: ${name}`];
        }
        return name in declared ? [] : [`${place}: ${name} is not in the dependencies of ${manifest.name}`];
      }),
    );
}

function manifestProblems({ folder, manifest }: Member, rule: PackageRule): string[] {
  return Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
    .filter((name) => isOurs(name) && !mayImport(rule, name))
    .map((name) => `${folder}/package.json: ${manifest.name} may not depend on ${name}`);
}

/**
 * Problems with what packages import of each other. Tests may import anything; apps and examples are
 * composition roots.
 */
export function arrowProblems(
  members: readonly Member[],
  rules: Readonly<Record<string, PackageRule>> = architecture,
): string[] {
  return members
    .filter((member) => member.folder.startsWith('packages/'))
    .flatMap((member) => {
      const rule = rules[member.manifest.name];
      if (!rule) {
        return [`${member.folder}: ${member.manifest.name} has no row in tooling/workspace/architecture.ts`];
      }
      return [...manifestProblems(member, rule), ...sourceProblems(member, rule)];
    });
}

/** Which package may import which. */
export const dependencyArrows: Check = {
  name: 'dependency-arrows',
  demands: 'packages import only what tooling/workspace/architecture.ts lets them',
  run: ({ members }) => ({ problems: arrowProblems(members) }),
};
