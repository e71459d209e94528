import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { manifestProblems, typeProblems } from './published-types.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hybra-published-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function pack(files: Record<string, string>): Uint8Array {
  const place = join(folder, 'package');
  mkdirSync(place, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(place, name), text);
  execFileSync('tar', ['-czf', 'packed.tgz', 'package'], { cwd: folder });
  return readFileSync(join(folder, 'packed.tgz'));
}

function manifest(types: string): string {
  return JSON.stringify({
    name: 'packed',
    version: '1.0.0',
    type: 'module',
    license: 'MIT',
    exports: { '.': { types, default: './index.js' } },
    files: ['index.js', 'index.d.ts'],
  });
}

test('an ESM package with types passes both', async () => {
  const tarball = pack({
    'package.json': manifest('./index.d.ts'),
    'index.js': 'export const a = 1;\n',
    'index.d.ts': 'export declare const a: number;\n',
  });
  expect(await typeProblems('packed', tarball)).toEqual([]);
  expect(await manifestProblems('packed', tarball)).toEqual([]);
});

test('types that import files which are not there', async () => {
  const tarball = pack({
    'package.json': manifest('./index.d.ts'),
    'index.js': 'export const a = 1;\n',
    'index.d.ts': "export * from './missing.js';\nimport './other';\nexport declare const a: number;\n",
  });
  expect((await typeProblems('packed', tarball)).join('\n')).toContain('InternalResolutionError');
});

test('an entry that is not in the tarball', async () => {
  const tarball = pack({ 'package.json': manifest('./gone.d.ts'), 'index.js': 'export const a = 1;\n' });
  expect((await manifestProblems('packed', tarball)).join('\n')).toContain('gone.d.ts');
  expect(await typeProblems('packed', tarball)).not.toEqual([]);
});
