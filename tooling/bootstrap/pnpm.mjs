import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * The version of pnpm that package.json pins in `packageManager`.
 * @param {string} root
 * @returns {string}
 */
export function pinnedPnpm(root) {
  const { packageManager = '' } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const match = /^pnpm@(\d+\.\d+\.\d+)/.exec(packageManager);
  if (!match?.[1])
    throw new Error(`package.json: packageManager is "${packageManager}", expected pnpm@X.Y.Z.`);
  return match[1];
}

/** @returns {{ command: string, arguments: string[] }} npx of the npm that started us, else the one on PATH */
function npx() {
  const npmCli = process.env.npm_execpath ?? '';
  const npxCli = join(dirname(npmCli), 'npx-cli.js');
  if (npmCli.endsWith('npm-cli.js') && existsSync(npxCli)) {
    return { command: process.execPath, arguments: [npxCli] };
  }
  return { command: 'npx', arguments: [] };
}

/**
 * How to call the pinned pnpm: the one on PATH if it is that very version, else through npx.
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ command: string, arguments: string[] }}
 */
export function pnpmCommand(root, env) {
  const version = pinnedPnpm(root);
  // Outside the repository: inside it, another pnpm would fetch the pinned version by itself.
  const probe = spawnSync('pnpm', ['--version'], {
    cwd: dirname(root),
    env,
    encoding: 'utf8',
    timeout: 10_000,
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (probe.status === 0 && probe.stdout.trim() === version) return { command: 'pnpm', arguments: [] };
  const runner = npx();
  return { ...runner, arguments: [...runner.arguments, '--yes', `pnpm@${version}`] };
}

/** @param {string} folder */
function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Environment for the package manager: no prompts, no telemetry, and a home of our own where the user has
 * none that can be written (containers, build services).
 * @param {string} root
 * @returns {NodeJS.ProcessEnv}
 */
export function toolEnvironment(root) {
  /** @type {NodeJS.ProcessEnv} */
  const env = {
    npm_config_fetch_retry_mintimeout: '2000',
    npm_config_fetch_retry_factor: '2',
    npm_config_update_notifier: 'false',
    COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    ...process.env,
  };
  if (!isWritable(homedir())) {
    const home = join(root, '.hybra/home');
    mkdirSync(home, { recursive: true });
    env.HOME = home;
    env.npm_config_cache = join(home, 'npm');
  }
  return env;
}
