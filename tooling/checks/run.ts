/** `pnpm check [NAME …]`: everything that must hold besides the tests. One line per check, details of failures. */
import { prepare } from '../bootstrap/prepare.mjs';
import { readMembers } from '../workspace/members.js';
import { root } from '../workspace/root.js';
import { browserTypes } from './browser-types.js';
import { changesets } from './changesets.js';
import type { Check, Findings } from './check.js';
import { commandChecks } from './commands.js';
import { dependencyArrows } from './dependency-arrows.js';
import { fileBudgets } from './file-budgets.js';
import { forbiddenWords } from './forbidden-words.js';
import { generatedFiles } from './generated-files.js';
import { importCycles } from './import-cycles.js';
import { licences } from './licences.js';
import { packageShape } from './package-shape.js';
import { publishedTypes } from './published-types.js';
import { sourceRules } from './source-rules.js';

const checks: readonly Check[] = [
  ...commandChecks,
  publishedTypes,
  generatedFiles,
  dependencyArrows,
  importCycles,
  sourceRules,
  packageShape,
  browserTypes,
  fileBudgets,
  licences,
  forbiddenWords,
  changesets,
];

const parallel = 2;

async function findingsOf(check: Check): Promise<Findings> {
  try {
    return await check.run({ root, members: readMembers(root) });
  } catch (error) {
    return { problems: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
  }
}

async function report(check: Check): Promise<boolean> {
  const start = performance.now();
  const { problems, notes = [] } = await findingsOf(check);
  const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(5);
  const failed = problems.length > 0;
  const lines = [`${failed ? 'FAILED' : 'ok    '} ${seconds} s  ${check.name.padEnd(18)} ${check.demands}`];
  for (const text of [...notes, ...problems]) lines.push(text.replace(/^/gm, '         '));
  process.stdout.write(`${lines.join('\n')}\n`);
  return !failed;
}

const names = process.argv.slice(2);
const chosen = names.length === 0 ? checks : checks.filter((check) => names.includes(check.name));
if (chosen.length < new Set(names).size) {
  process.stderr.write(`pnpm check: the checks are ${checks.map((check) => check.name).join(', ')}.\n`);
  process.exit(2);
}
await prepare(root);

const waiting = [...chosen];
const results: boolean[] = [];
async function work(): Promise<void> {
  for (let check = waiting.shift(); check; check = waiting.shift()) results.push(await report(check));
}
await Promise.all(Array.from({ length: parallel }, work));
const failures = results.filter((passed) => !passed).length;
process.stdout.write(`${results.length - failures} checks passed, ${failures} failed\n`);
process.exitCode = failures > 0 ? 1 : 0;
