import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Manifest, Member } from '../workspace/members.js';
import { nodeTypeProblems } from './browser-types.js';
import { changesetProblems, packagesOfChangeset } from './changesets.js';
import { commandChecks } from './commands.js';
import { arrowProblems } from './dependency-arrows.js';
import { byteProblems, lineFindings } from './file-budgets.js';
import { forbiddenProblems } from './forbidden-words.js';
import { staleProblems } from './generated-files.js';
import { cycleProblems } from './import-cycles.js';
import { licenceProblems } from './licences.js';
import { shapeProblems } from './package-shape.js';
import { sourceRuleProblems } from './source-rules.js';

const rules = {
  '@hybra/spec': { imports: [], browserSafe: true },
  '@hybra/backend-one': { imports: ['@hybra/spec'], browserSafe: false },
} as const;

/** A package with these sources; paths are relative to its folder. */
function member(name: string, sources: Record<string, string>, manifest: Partial<Manifest> = {}): Member {
  const folder = `packages/${name.replace('@hybra/', '')}`;
  return {
    folder,
    manifest: { name, version: '0.0.0', ...manifest },
    sources: Object.entries(sources).map(([path, text]) => ({ path: `${folder}/${path}`, text })),
  };
}

describe('dependency arrows', () => {
  const dependencies = { '@hybra/spec': '^1', '@hybra/tensor': '^1' };

  test('a backend imports the spec and nothing else of ours', () => {
    const good = member(
      '@hybra/backend-one',
      { 'src/index.ts': "import '@hybra/spec';" },
      {
        dependencies: { '@hybra/spec': '^1' },
      },
    );
    const bad = member(
      '@hybra/backend-one',
      { 'src/index.ts': "\nexport * from '@hybra/tensor';" },
      { dependencies },
    );
    expect(arrowProblems([good], rules)).toEqual([]);
    expect(arrowProblems([bad], rules)).toEqual([
      'packages/backend-one/package.json: @hybra/backend-one may not depend on @hybra/tensor',
      'packages/backend-one/src/index.ts:2: @hybra/backend-one may not import @hybra/tensor (tooling/workspace/architecture.ts)',
    ]);
  });

  test('types, dynamic imports and import types count, tests do not', () => {
    const text =
      "type A = import('@hybra/tensor').A; import type { B } from '@hybra/tensor'; import('@hybra/tensor');";
    expect(arrowProblems([member('@hybra/spec', { 'src/a.ts': text })], rules)).toHaveLength(3);
    expect(arrowProblems([member('@hybra/spec', { 'src/a.test.ts': text })], rules)).toEqual([]);
  });

  test('a package without a row, a second entry and an undeclared dependency', () => {
    expect(arrowProblems([member('@hybra/new', {})], rules)[0]).toContain('has no row');
    const deep = member(
      '@hybra/backend-one',
      { 'src/a.ts': "import '@hybra/spec/dtype';" },
      {
        dependencies: { '@hybra/spec': '^1' },
      },
    );
    expect(arrowProblems([deep], rules)[0]).toContain('one entry');
    const undeclared = member('@hybra/spec', { 'src/a.ts': "import 'left-pad';" });
    expect(arrowProblems([undeclared], rules)[0]).toContain('left-pad is not in the dependencies');
  });
});

test('import cycles are found, cycles of types are not cycles', () => {
  const a = "import { b } from './b.js';";
  expect(cycleProblems([member('@hybra/spec', { 'src/a.ts': a, 'src/b.ts': "import './a.js';" })])).toEqual([
    'import cycle: packages/spec/src/a.ts → packages/spec/src/b.ts → packages/spec/src/a.ts',
  ]);
  const typeOnly = "import type { A } from './a.js';";
  expect(cycleProblems([member('@hybra/spec', { 'src/a.ts': a, 'src/b.ts': typeOnly })])).toEqual([]);
});

describe('source rules', () => {
  const problemsOf = (text: string): string[] =>
    sourceRuleProblems([member('@hybra/spec', { 'src/a.ts': text })], rules);

  test('default exports in each form', () => {
    expect(problemsOf('export default 1;')[0]).toContain('default export');
    expect(problemsOf('export default function f() {}')[0]).toContain('default export');
    expect(problemsOf('const a = 1; export { a as default };')[0]).toContain('default export');
  });

  test('module state, but not variables in functions', () => {
    expect(problemsOf('let count = 0;')).toHaveLength(1);
    expect(problemsOf('export var count = 0;')).toHaveLength(1);
    expect(problemsOf('function f() { let count = 0; return count; }')).toEqual([]);
  });

  test('modules of Node, with and without the prefix', () => {
    expect(problemsOf("import { readFile } from 'node:fs/promises';")).toHaveLength(1);
    expect(problemsOf("const fs = await import('fs');")).toHaveLength(1);
    const backend = member('@hybra/backend-one', { 'src/a.ts': "import 'node:fs';" });
    expect(sourceRuleProblems([backend], rules)).toEqual([]);
  });
});

describe('package shape', () => {
  const good: Partial<Manifest> = {
    description: 'Something.',
    license: 'Apache-2.0',
    type: 'module',
    sideEffects: false,
    engines: { node: '>=20.19' },
    exports: { '.': {} },
    files: ['dist', 'README.md', 'LICENSE'],
    dependencies: { '@hybra/spec': 'workspace:^', other: '1.2.3' },
  };
  const problemsOf = (change: Partial<Manifest>): string[] =>
    shapeProblems(member('@hybra/spec', {}, { ...good, ...change }), () => true);

  test('the good one passes', () => expect(problemsOf({})).toEqual([]));
  test.each([
    ['sideEffects', { sideEffects: true }],
    ['exports', { exports: { '.': {}, './extra': {} } }],
    ['type', { type: 'commonjs' }],
    ['license', { license: 'MIT' }],
    ['description', { description: '' }],
    ['engines', { engines: {} }],
    ['files', { files: ['dist'] }],
    ['exact version', { dependencies: { other: '^1.2.3' } }],
  ])('%s', (what, change) => expect(problemsOf(change).join('\n')).toContain(what));

  test('files that are missing', () => {
    expect(shapeProblems(member('@hybra/spec', {}, good), () => false)).toHaveLength(2);
  });
});

test('declarations that need the types of Node', () => {
  const good =
    '/** Not a Buffer. */\n * nor a Buffer\ndeclare function f(a: ArrayBuffer, b: BufferSource): void;';
  expect(nodeTypeProblems('a.d.ts', good)).toEqual([]);
  for (const bad of [
    'declare const a: Buffer;',
    "import { b } from 'node:fs';",
    'type C = NodeJS.Timeout;',
  ]) {
    expect(nodeTypeProblems('a.d.ts', bad)).toHaveLength(1);
  }
});

test('files and packages above their budget', () => {
  const long = member('@hybra/spec', { 'src/long.ts': '\n'.repeat(501), 'src/ok.ts': '\n'.repeat(500) });
  expect(lineFindings([long]).problems).toEqual([
    'packages/spec/src/long.ts: 501 lines, and 500 is the limit; split it',
  ]);
  expect(byteProblems({ a: 11, b: 11 }, { default: 10, b: 20 })).toHaveLength(1);
});

test('text that works on one machine only', () => {
  // Put together here, so that the check of this repository does not find it.
  const host = ['https://registry', 'npmjs', 'org/left-pad'].join('.');
  const path = ['', 'home', 'somebody', 'hybra'].join('/');
  const lines = ['fine', host, `cd ${path}`, 'https://example.org/home/page', 'src/work/item'];
  expect(forbiddenProblems([{ path: 'a.md', text: lines.join('\n') }])).toEqual([
    'a.md:2: a registry host',
    'a.md:3: a path of one machine',
  ]);
});

test('licences that are not on the list', () => {
  const licence = (text: string) => ({ name: text, version: '1.0.0', licence: text, text: '' });
  const names = ['MIT', '(MIT OR GPL-3.0)', 'GPL-3.0', 'MIT AND GPL-3.0', ''];
  expect(licenceProblems(names.map(licence))).toHaveLength(3);
});

describe('changesets', () => {
  const text = "---\n'@hybra/spec': minor\nhybra: patch\n---\n\nWords: major\n";

  test('front matter', () => expect(packagesOfChangeset(text)).toEqual(['@hybra/spec', 'hybra']));

  test('changed code without a changeset', () => {
    const members = [member('@hybra/spec', {}), member('@hybra/tensor', {})];
    const changed = ['packages/spec/src/a.ts', 'packages/tensor/src/a.test.ts', 'packages/tensor/README.md'];
    expect(changesetProblems(members, changed, [text])).toEqual([]);
    expect(changesetProblems(members, changed, [])).toHaveLength(1);
  });
});

describe('in a folder', () => {
  let root: string;
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'hybra-checks-'));
    put('package.json', '{ "name": "bad", "private": true, "type": "module", "version": "0.0.0" }\n');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test('generated files that differ or are missing', () => {
    put('same.md', 'a');
    put('stale.md', 'b');
    const generated = ['same.md', 'stale.md', 'missing.md'].map((path) => ({ path, text: 'a' }));
    expect(staleProblems(root, generated).map((line) => line.split(':')[0])).toEqual([
      'stale.md',
      'missing.md',
    ]);
  });

  const problemsOf = async (name: string): Promise<string> => {
    const check = commandChecks.find((each) => each.name === name)!;
    return (await check.run({ root, members: [] })).problems.join('\n');
  };

  test('format-and-lint', async () => {
    put('biome.json', '{}');
    put('a.js', 'var a   = 1;');
    expect(await problemsOf('format-and-lint')).toContain('a.js');
  });

  test('types', async () => {
    put('tsconfig.json', '{ "files": ["a.ts"], "compilerOptions": { "noEmit": true, "types": [] } }');
    put('a.ts', "export const a: number = 'text';");
    expect(await problemsOf('types')).toContain('TS2322');
  });

  test('unused', async () => {
    put('knip.json', '{ "entry": ["index.ts"], "project": ["*.ts"] }');
    put('index.ts', 'export const a = 1;');
    put('orphan.ts', 'export const b = 1;');
    expect(await problemsOf('unused')).toContain('orphan.ts');
  });

  test('manifests', async () => {
    put('package.json', '{ "name": "bad", "private": true, "workspaces": ["packages/*"] }\n');
    for (const [name, version] of [
      ['a', '1.0.0'],
      ['b', '2.0.0'],
    ]) {
      put(`packages/${name}/package.json`, JSON.stringify({ name, dependencies: { other: version } }));
    }
    expect(await problemsOf('manifests')).toContain('other');
  });
});
