import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modelFolder } from '@hybra/model-shakespeare';
import { bytesSource, openSafetensors } from '@hybra/weights';
import { describe, expect, it } from 'vitest';
import { run } from './captured-terminal.js';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../models/test/fixtures/${name}`, import.meta.url));

describe('hybra verify passes, with a logit error below 1e-3', () => {
  it.each(['mamba', 'mamba2', 'mamba2-codestral', 'llama', 'nemotron_h'])('%s', async (name) => {
    await passes(fixture(name));
  });

  it('the bundled model', async () => {
    await passes(fileURLToPath(modelFolder));
  });

  async function passes(folder: string): Promise<void> {
    const { exitCode, out, notes } = await run(['verify', folder, '--json']);
    expect(notes).toBe('');
    const result = JSON.parse(out);
    expect(result).toMatchObject({
      passed: true,
      logits: { passed: true },
      greedy: { passed: true },
      forms: { passed: true },
    });
    expect(result.logits.maxAbsoluteError).toBeLessThan(1e-3);
    expect(result.logits.maxAbsoluteError).toBeGreaterThan(0);
    expect(result.greedy.agreeing).toBe(result.greedy.total);
    expect(exitCode).toBe(0);
  }
});

it('--dump writes logits, greedy ids and final states that anyone can compare', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hybra-'));
  const file = join(folder, 'dump.safetensors');
  await run(['verify', fixture('nemotron_h'), '--dump', file]);
  const dump = await openSafetensors(bytesSource(new Uint8Array(await readFile(file)), 'dump'));
  expect(dump.entries.get('logits')?.shape).toEqual([2, 37, 512]);
  expect(dump.entries.get('greedy_ids')?.shape).toEqual([1, 29]);
  expect([...dump.entries.keys()].filter((name) => name.startsWith('states.layers.0.'))).toHaveLength(2);
  await rm(folder, { recursive: true });
});

describe('hybra verify fails', () => {
  async function changed(name: string, change: (weights: Buffer) => void): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'hybra-'));
    await cp(fixture(name), folder, { recursive: true });
    const weights = await readFile(join(folder, 'model.safetensors'));
    change(weights);
    await writeFile(join(folder, 'model.safetensors'), weights);
    return folder;
  }

  it('with code 1 when a weight is off', async () => {
    // The last tensor of the file, alphabetically, is the final norm: its last weight, doubled.
    const folder = await changed('mamba2', (weights) => {
      weights.writeFloatLE(weights.readFloatLE(weights.length - 4) * 2, weights.length - 4);
    });
    const { exitCode, out } = await run(['verify', folder]);
    expect(out).toContain('FAIL  logits');
    expect(exitCode).toBe(1);
    await rm(folder, { recursive: true });
  });

  it('with code 2 and a typed error for a truncated file, a missing golden, a missing folder', async () => {
    const truncated = await changed('mamba', () => {});
    const weights = await readFile(join(truncated, 'model.safetensors'));
    await writeFile(join(truncated, 'model.safetensors'), weights.subarray(0, weights.length - 100));
    expect(await run(['verify', truncated])).toMatchObject({
      exitCode: 2,
      notes: expect.stringContaining('error E_FORMAT'),
    });
    await rm(truncated, { recursive: true });
    const bare = await changed('mamba', () => {});
    await rm(join(bare, 'golden.safetensors'));
    expect(await run(['verify', bare])).toMatchObject({
      exitCode: 2,
      notes: expect.stringContaining('golden.safetensors'),
    });
    await rm(bare, { recursive: true });
    expect(await run(['verify', '/nowhere/at/all'])).toMatchObject({
      exitCode: 2,
      notes: expect.stringContaining('error E_IO'),
    });
  });
});
