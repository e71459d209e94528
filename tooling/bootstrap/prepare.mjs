import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { runStep, StepFailure } from './child.mjs';
import { pnpmCommand, toolEnvironment } from './pnpm.mjs';
import { buildHash, installHash, isBuilt, stampMatches, writeStamp } from './stamp.mjs';

const networkFailure =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|ERR_PNPM_META_FETCH_FAIL|ENOTCACHED/;

/** @param {string} message */
function say(message) {
  process.stderr.write(`hybra: ${message}\n`);
}

/**
 * @param {string} what
 * @param {string} output
 * @param {number} exitCode
 */
function failure(what, output, exitCode) {
  const message = networkFailure.test(output)
    ? `${what}: the package registry could not be reached. Connect to the network, or set npm_config_registry to a mirror, and run the command again; what has been downloaded is kept.`
    : `${what} failed with exit code ${exitCode}; the reason is above.`;
  return new StepFailure(message, 1);
}

/**
 * One step of the set-up: does nothing if its stamp matches.
 * @param {string} root
 * @param {{ what: string, stamp: string, hash: (root: string) => string, isDone?: (root: string) => boolean, arguments: string[], environment?: Record<string, string> }} step
 */
async function ensure(root, step) {
  const stamp = join(root, 'node_modules', step.stamp);
  const hash = step.hash(root);
  if (stampMatches(stamp, hash) && (step.isDone?.(root) ?? true)) return;
  const start = performance.now();
  say(`${step.what} (only when something changed) …`);
  const env = { ...toolEnvironment(root), ...step.environment };
  const pnpm = pnpmCommand(root, env);
  const call = { ...pnpm, arguments: [...pnpm.arguments, ...step.arguments] };
  const { exitCode, output } = await runStep(step.what, call, { cwd: root, env });
  if (exitCode !== 0) throw failure(step.what, output, exitCode);
  writeStamp(stamp, hash);
  say(`${step.what}: done in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/**
 * Installs from the lockfile and builds, each only if something changed since it last succeeded.
 * Prints to standard error only.
 * @param {string} root the repository
 * @param {'everything' | 'program'} share the whole workspace, or the command line program with what it needs
 * @throws {StepFailure} with the exit code that the command should end with
 */
export async function prepare(root, share = 'everything') {
  await ensure(root, {
    what: 'Installing',
    stamp: '.hybra-install',
    hash: installHash,
    arguments: [
      'install',
      '--frozen-lockfile',
      '--reporter=append-only',
      '--config.confirm-modules-purge=false',
    ],
  });
  const build = ['exec', 'turbo', 'run', 'build', '--output-logs=errors-only'];
  const isProgramAlone = share === 'program';
  await ensure(root, {
    what: 'Building',
    stamp: isProgramAlone ? '.hybra-build-program' : '.hybra-build',
    hash: buildHash,
    isDone: isProgramAlone ? () => existsSync(join(root, 'packages/cli/dist/main.js')) : isBuilt,
    arguments: isProgramAlone ? [...build, '--filter=hybra...'] : build,
    // CUDA kernels for every architecture take minutes: to run, those of this machine's GPUs are enough.
    environment: isProgramAlone ? { HYBRA_CUDA_TARGETS: process.env.HYBRA_CUDA_TARGETS ?? 'local' } : {},
  });
}
