import { root as repository } from '../workspace/root.js';
import { runCommand } from '../workspace/run-command.js';
import type { Check } from './check.js';

function command(name: string, demands: string, program: string, programArguments: readonly string[]): Check {
  return {
    name,
    demands,
    run: async ({ root }) => {
      const { exitCode, output } = await runCommand(program, programArguments, {
        cwd: root,
        root: repository,
      });
      return { problems: exitCode === 0 ? [] : [output.trim() || `${program}: exit code ${exitCode}`] };
    },
  };
}

/** Checks that are a tool with its own configuration file. */
export const commandChecks: readonly Check[] = [
  command('format-and-lint', 'formatted and without findings (biome.json)', 'biome', [
    'check',
    '--error-on-warnings',
    '--max-diagnostics=50',
    '.',
  ]),
  command('types', 'type-checks as one project, tests included (tsconfig.json)', 'tsc', [
    '-p',
    'tsconfig.json',
  ]),
  command('unused', 'no unused file, export or dependency (knip.json)', 'knip', [
    '--no-progress',
    '--no-config-hints',
  ]),
  command('manifests', 'same versions and order in every package.json (sherif)', 'sherif', []),
];
