/**
 * `npm start`: sets everything up, then runs the command line program with the given arguments.
 *
 * The program runs in this process rather than in a child: exit code, signals and the terminal are then its
 * own, with nothing in between that could lose or double them. For the same reason this file imports
 * nothing that needs installing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { nodeVersionProblem } from './node-version.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

const problem = nodeVersionProblem(process.versions.node);
if (problem) {
  process.stderr.write(`hybra: ${problem}\n`);
  process.exit(1);
}

try {
  const { prepare } = await import('./prepare.mjs');
  await prepare(root, 'program');
} catch (error) {
  const failure = /** @type {Error & { exitCode?: number }} */ (error);
  process.stderr.write(`hybra: ${failure.message}\n`);
  process.exit(failure.exitCode ?? 1);
}

const program = join(root, 'packages/cli/dist/main.js');
if (!existsSync(program)) {
  process.stderr.write('hybra: packages/cli/dist/main.js was not built; run `npm run build` to see why.\n');
  process.exit(1);
}
const { mergeRepeatedInterrupts } = await import('./once-per-signal.mjs');
mergeRepeatedInterrupts(process);
process.argv = [process.execPath, program, ...process.argv.slice(2)];
await import(pathToFileURL(program).href);
