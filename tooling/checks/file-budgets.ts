import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isTest, type Member, publicPackages } from '../workspace/members.js';
import { sourceFacts } from '../workspace/source-facts.js';
import type { Check, Findings } from './check.js';

/** Lines at which a source file must be split. */
export const mostLines = 500;
/** The median length of source files that we aim to stay below. */
export const medianGoal = 100;

/** Files above {@link mostLines}, and the median length as a note. */
export function lineFindings(members: readonly Member[]): Findings {
  const facts = members.flatMap((member) => member.sources).map(sourceFacts);
  const lengths = facts
    .filter((each) => !isTest(each.path))
    .map((each) => each.lines)
    .sort((a, b) => a - b);
  const median = lengths[Math.floor(lengths.length / 2)] ?? 0;
  return {
    problems: facts
      .filter((each) => each.lines > mostLines)
      .map((each) => `${each.path}: ${each.lines} lines, and ${mostLines} is the limit; split it`),
    notes: [
      `${lengths.length} source files, median ${median} lines${median < medianGoal ? '' : ` (goal: below ${medianGoal})`}`,
    ],
  };
}

/**
 * Packages whose built code is larger than its budget.
 * @param sizes bytes of built JavaScript per package
 * @param budgets bytes allowed per package; `default` for the rest
 */
export function byteProblems(
  sizes: Readonly<Record<string, number>>,
  budgets: Readonly<Record<string, number>>,
): string[] {
  return Object.entries(sizes).flatMap(([name, size]) => {
    const budget = budgets[name] ?? budgets.default ?? 0;
    if (size <= budget) return [];
    return [`${name}: ${size} bytes built, budget ${budget} (tooling/checks/budgets.json)`];
  });
}

function builtBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder)
    .filter((name) => name.endsWith('.js'))
    .reduce((total, name) => total + statSync(join(folder, name)).size, 0);
}

/** Lines per source file, bytes per built package. */
export const fileBudgets: Check = {
  name: 'file-budgets',
  demands: `no source file above ${mostLines} lines, no package above its bytes`,
  run: ({ root, members }) => {
    const lines = lineFindings(members);
    const sizes = Object.fromEntries(
      publicPackages(members).map((member) => [
        member.manifest.name,
        builtBytes(join(root, member.folder, 'dist')),
      ]),
    );
    const budgets = JSON.parse(readFileSync(join(root, 'tooling/checks/budgets.json'), 'utf8'));
    return { problems: [...lines.problems, ...byteProblems(sizes, budgets)], notes: lines.notes ?? [] };
  },
};
