/**
 * `npm test`: sets everything up and runs all tests. Arguments go to vitest (`npm test -- packages/spec`).
 * The last line of output is always `N passed, N failed, N skipped`.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeVersionProblem } from './node-version.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const summaryFile = join(root, 'node_modules/.hybra-test-summary.json');

/**
 * @param {{ passed: number, failed: number, skipped: number }} counts
 * @param {number} exitCode
 */
function finish(counts, exitCode) {
  // A run that ended badly without a failed test (a crash, an unhandled rejection) is itself a failure.
  const failed = exitCode !== 0 && counts.failed === 0 ? 1 : counts.failed;
  process.exitCode = failed > 0 ? exitCode || 1 : 0;
  process.stdout.write(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped\n`);
}

async function main() {
  const problem = nodeVersionProblem(process.versions.node);
  if (problem) throw new Error(problem);
  const { prepare } = await import('./prepare.mjs');
  await prepare(root);
  rmSync(summaryFile, { force: true });
  const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...process.argv.slice(2)];
  const child = spawn(process.execPath, vitest, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, HYBRA_TEST_SUMMARY: summaryFile },
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.on(signal, () => child.kill(signal));
  }
  const exitCode = await new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
  const counts = existsSync(summaryFile) && JSON.parse(readFileSync(summaryFile, 'utf8'));
  finish(counts || { passed: 0, failed: 0, skipped: 0 }, counts ? exitCode : exitCode || 1);
}

try {
  await main();
} catch (error) {
  const failure = /** @type {Error & { exitCode?: number }} */ (error);
  process.stderr.write(`hybra: ${failure.message}\n`);
  finish({ passed: 0, failed: 1, skipped: 0 }, failure.exitCode ?? 1);
}
