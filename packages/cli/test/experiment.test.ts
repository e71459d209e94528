import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { run } from './captured-terminal.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hybra-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('refuses names that do not exist, and says which do', async () => {
  const unknown = await run(['experiment', 'telephone']);
  expect(unknown.notes).toContain('phonebook, mqar');
  expect(unknown.exitCode).toBe(2);
  const model = await run(['experiment', 'mqar', '--models', 'nobody']);
  expect(model.notes).toContain('no model or comparison');
  expect(model.exitCode).toBe(2);
});

it('runs, and leaves configuration, results, table and report', async () => {
  const args = [
    'experiment',
    'induction',
    '--models',
    'transformer',
    '--steps',
    '1',
    '--seeds',
    '1',
    '--learning-rates',
    '1e-3',
  ];
  const { exitCode, out, notes } = await run([...args, '--out', folder]);
  expect(notes).toContain('1/1 induction transformer');
  expect(out).toContain('| transformer |');
  expect(exitCode).toBe(0);
  expect((await readdir(folder)).sort()).toEqual(['config.json', 'report.html', 'results.json', 'table.md']);
});
