import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeVersionProblem } from './node-version.mjs';
import { mergeRepeatedInterrupts } from './once-per-signal.mjs';
import { pinnedPnpm } from './pnpm.mjs';
import { buildHash, installHash, isBuilt, stampMatches, writeStamp } from './stamp.mjs';

let root: string;

function put(path: string, text: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hybra-bootstrap-'));
  put('package.json', '{ "packageManager": "pnpm@10.34.9" }');
  put('pnpm-lock.yaml', 'lockfileVersion: 9');
  put('packages/one/package.json', '{ "name": "one", "scripts": { "build": "tsup" } }');
  put('packages/one/src/index.ts', 'export const one = 1;');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('stamps', () => {
  test('a change of the lockfile or of any manifest means installing again', () => {
    const before = installHash(root);
    expect(installHash(root)).toBe(before);
    put('packages/two/package.json', '{ "name": "two" }');
    const withTwo = installHash(root);
    expect(withTwo).not.toBe(before);
    put('pnpm-lock.yaml', 'lockfileVersion: 10');
    expect(installHash(root)).not.toBe(withTwo);
  });

  test('a change of a source means building again, a change of a test does not', () => {
    const before = buildHash(root);
    put('packages/one/src/one.test.ts', 'test');
    expect(buildHash(root)).toBe(before);
    put('packages/one/src/index.ts', 'export const one = 2;');
    expect(buildHash(root)).not.toBe(before);
  });

  test('a package without its output is not built', () => {
    expect(isBuilt(root)).toBe(false);
    put('packages/one/dist/index.js', '');
    expect(isBuilt(root)).toBe(true);
  });

  test('a stamp matches only what was written', () => {
    const stamp = join(root, 'node_modules/.stamp');
    expect(stampMatches(stamp, 'a')).toBe(false);
    writeStamp(stamp, 'a');
    expect(stampMatches(stamp, 'a')).toBe(true);
    expect(stampMatches(stamp, 'b')).toBe(false);
  });
});

test('an old Node is refused with the way out', () => {
  expect(nodeVersionProblem('18.20.4')).toContain('20.19 or later, and this is Node 18.20.4');
  expect(nodeVersionProblem('20.18.1')).toBeDefined();
  expect(nodeVersionProblem('20.19.0')).toBeUndefined();
  expect(nodeVersionProblem('22.0.0')).toBeUndefined();
});

test('the version of pnpm is the one that package.json pins', () => {
  expect(pinnedPnpm(root)).toBe('10.34.9');
  put('package.json', '{ "packageManager": "yarn@4.0.0" }');
  expect(() => pinnedPnpm(root)).toThrow('yarn@4.0.0');
});

test('two interrupts close together are one', async () => {
  const target = new EventEmitter();
  let count = 0;
  mergeRepeatedInterrupts(target as unknown as NodeJS.Process, 50);
  target.on('SIGINT', () => count++);
  target.emit('SIGINT');
  target.emit('SIGINT');
  target.emit('SIGTERM');
  expect(count).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 80));
  target.emit('SIGINT');
  expect(count).toBe(2);
});

test.skipIf(process.platform === 'win32')(
  'an interrupted step waits for its child and gives 130',
  async () => {
    const child = fileURLToPath(new URL('./child.mjs', import.meta.url));
    const slow = `process.on('SIGINT', () => setTimeout(() => { console.log('tidy'); process.exit(0); }, 50));
    console.log('up'); setInterval(() => {}, 1000);`;
    const script = `
    import { runStep } from ${JSON.stringify(child)};
    runStep('Slow', { command: process.execPath, arguments: ['-e', ${JSON.stringify(slow)}] }, { cwd: '.', env: process.env })
      .then(() => process.exit(0), (error) => { console.error(error.message); process.exit(error.exitCode); });`;
    const outer = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'pipe' });
    let errors = '';
    let output = '';
    outer.stdout.on('data', (chunk) => {
      output += chunk;
    });
    outer.stderr.on('data', (chunk) => {
      if (errors === '') outer.kill('SIGINT');
      errors += chunk;
    });
    const code = await new Promise((resolve) => outer.on('close', resolve));
    expect(errors).toMatch(/up\ntidy\nSlow: interrupted/);
    expect(output).toBe('');
    expect(code).toBe(130);
  },
);
