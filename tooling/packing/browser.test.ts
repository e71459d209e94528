import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundleForBrowser, runWithWebGlobals } from './browser.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hybra-browser-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, code: string): void {
  const place = join(folder, 'node_modules', name);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'package.json'), JSON.stringify({ name, type: 'module', exports: './index.js' }));
  writeFileSync(join(place, 'index.js'), code);
}

test('a package for browsers bundles and runs', async () => {
  put('good', 'export const encoder = new TextEncoder(); export const two = 2;');
  const { code } = await bundleForBrowser(folder, ['good']);
  expect(runWithWebGlobals(code, 1)).toEqual([2]);
});

test('an import of a module of Node does not bundle', async () => {
  put('bad', "export { readFile } from 'node:fs/promises';");
  await expect(bundleForBrowser(folder, ['bad'])).rejects.toThrow('node:fs/promises');
});

test('a use of process or Buffer does not run', async () => {
  put('bad', 'export const name = process.version;');
  const { code } = await bundleForBrowser(folder, ['bad']);
  expect(() => runWithWebGlobals(code, 1)).toThrow('process is not defined');
});

test('a package without exports is not a package', async () => {
  put('empty', 'export {};');
  const { code } = await bundleForBrowser(folder, ['empty']);
  expect(() => runWithWebGlobals(code, 1)).toThrow('exports nothing');
});
