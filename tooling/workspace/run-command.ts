import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { pnpmCommand, toolEnvironment } from '../bootstrap/pnpm.mjs';

/** How a command ended, with everything it printed on either stream. */
export interface CommandResult {
  readonly exitCode: number;
  readonly output: string;
}

/** Runs a command (also one of node_modules/.bin) and collects its output. Never rejects. */
export function runCommand(
  command: string,
  commandArguments: readonly string[],
  options: { readonly cwd: string; readonly root?: string },
): Promise<CommandResult> {
  const root = options.root ?? options.cwd;
  const environment = toolEnvironment(root);
  const path = [join(root, 'node_modules/.bin'), environment.PATH ?? ''].join(delimiter);
  return new Promise((resolve) => {
    const child = spawn(command, commandArguments, {
      cwd: options.cwd,
      env: { ...environment, PATH: path, NO_COLOR: '1', FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => resolve({ exitCode: 127, output: `${command}: ${error.message}` }));
    child.on('close', (code) => resolve({ exitCode: code ?? 1, output }));
  });
}

/** Runs the pinned pnpm, through npx if it is not installed. */
export function runPnpm(root: string, commandArguments: readonly string[]): Promise<CommandResult> {
  const pnpm = pnpmCommand(root, toolEnvironment(root));
  return runCommand(pnpm.command, [...pnpm.arguments, ...commandArguments], { cwd: root });
}
