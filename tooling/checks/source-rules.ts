import { builtinModules } from 'node:module';
import { architecture, type PackageRule } from '../workspace/architecture.js';
import { isTest, type Member } from '../workspace/members.js';
import { sourceFacts } from '../workspace/source-facts.js';
import type { Check } from './check.js';

const builtins = new Set(builtinModules);

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtins.has(specifier.split('/')[0]!);
}

/** Problems with the sources of packages: default exports, module state, Node in browser-safe packages. */
export function sourceRuleProblems(
  members: readonly Member[],
  rules: Readonly<Record<string, PackageRule>> = architecture,
): string[] {
  return members
    .filter((member) => member.folder.startsWith('packages/'))
    .flatMap((member) => {
      const browserSafe = rules[member.manifest.name]?.browserSafe ?? false;
      const files = member.sources.filter((file) => file.path.startsWith(`${member.folder}/src/`));
      return files
        .filter((file) => !isTest(file.path))
        .flatMap((file) => {
          const facts = sourceFacts(file);
          const node = facts.imports.filter((each) => browserSafe && isBuiltin(each.specifier));
          return [
            ...facts.defaultExports.map((line) => `${file.path}:${line}: default export; name it`),
            ...facts.moduleVariables.map((line) => `${file.path}:${line}: mutable state of a module`),
            ...node.map(
              ({ line, specifier }) =>
                `${file.path}:${line}: imports ${specifier}, but ${member.manifest.name} must run in a browser; use process.getBuiltinModule behind a check`,
            ),
          ];
        });
    });
}

/** Rules on single source files that the linter does not know. */
export const sourceRules: Check = {
  name: 'source-rules',
  demands: 'no default export, no mutable module state, no Node import where a browser must do',
  run: ({ members }) => ({ problems: sourceRuleProblems(members) }),
};
