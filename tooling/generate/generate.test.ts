import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { publicSurface } from './api-reports.js';
import { readDecision } from './decision-index.js';
import { replaceBetweenMarkers } from './markers.js';
import { productionDependencies } from './third-party.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hybra-generate-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

test('the surface is what is exported, under the name it is exported by, without comments', () => {
  const text = `
    /** Adds. */
    declare function add(a: number, b: number): number;
    declare function add(a: string, b: string): string;
    declare const hidden = 1;
    interface Shape { /** units */ readonly extent: number }
    export { add as sum, type Shape };
    export declare const zero: 0;`;
  put('index.d.ts', text);
  expect(publicSurface(join(root, 'index.d.ts'))).toEqual([
    { name: 'Shape', signature: 'interface Shape {\n  readonly extent: number;\n}' },
    {
      name: 'sum',
      signature: 'function add(a: number, b: number): number;\nfunction add(a: string, b: string): string;',
    },
    { name: 'zero', signature: 'const zero: 0;' },
  ]);
});

test('dependencies of dependencies are found where Node finds them', () => {
  put(
    'ours/package.json',
    '{ "name": "@hybra/ours", "dependencies": { "a": "1" }, "peerDependencies": { "p": "1" } }',
  );
  put(
    'ours/node_modules/a/package.json',
    '{ "name": "a", "version": "1.0.0", "license": "MIT", "dependencies": { "b": "1" } }',
  );
  put('ours/node_modules/a/LICENSE', 'Text of a.');
  put('node_modules/b/package.json', '{ "name": "b", "version": "2.0.0" }');
  put('node_modules/p/package.json', '{ "name": "p", "version": "3.0.0" }'); // A peer is the user's own.
  expect(productionDependencies([join(root, 'ours')])).toEqual([
    { name: 'a', version: '1.0.0', licence: 'MIT', text: 'Text of a.' },
    { name: 'b', version: '2.0.0', licence: '', text: '' },
  ]);
  rmSync(join(root, 'node_modules'), { recursive: true });
  expect(() => productionDependencies([join(root, 'ours')])).toThrow('a: b is not installed');
});

test('a decision record needs a date, a title and a status', () => {
  const text = '# Use one entry\n\nStatus: accepted\n';
  expect(readDecision('2026-01-31-use-one-entry.md', text).title).toBe('Use one entry');
  expect(() => readDecision('use-one-entry.md', text)).toThrow('YYYY-MM-DD');
  expect(() => readDecision('2026-01-31-use-one-entry.md', '# Use one entry\n')).toThrow('Status');
});

test('text without markers is an error, not a silent no-op', () => {
  const text = 'a\n<!-- t:start -->\nold\n<!-- t:end -->\nb\n';
  expect(replaceBetweenMarkers(text, 't', 'new')).toBe('a\n<!-- t:start -->\nnew\n<!-- t:end -->\nb\n');
  expect(() => replaceBetweenMarkers('a', 't', 'new')).toThrow('markers');
});
