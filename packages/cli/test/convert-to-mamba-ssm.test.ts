import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileSource, openTorch, readSmallFile } from '@hybra/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { referenceCheckpoint, referenceNames } from '../../models/test/support/reference-checkpoint.js';
import { run } from './captured-terminal.js';

const fixtures = fileURLToPath(new URL('../../models/test/fixtures/', import.meta.url));

describe('hybra convert --to mamba_ssm', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hybra-mamba-ssm-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function convert(input: string, name: string, ...options: string[]) {
    const output = join(folder, name);
    return { ...(await run(['convert', input, output, ...options])), output };
  }

  /** A golden, or one of the tiny checkpoints, whose weights are made. */
  async function checkpoint(name: string): Promise<string> {
    if (!referenceNames.includes(name)) return join(fixtures, name);
    const made = referenceCheckpoint(name);
    const path = join(folder, `${name}-made`);
    await mkdir(path);
    for (const file of ['config.json', 'model.safetensors', 'pytorch_model.bin']) {
      const bytes = await readSmallFile(made, file);
      if (bytes) await writeFile(join(path, file), bytes);
    }
    return path;
  }

  async function tensorsOf(path: string) {
    const source = await openTorch(await fileSource(join(path, 'pytorch_model.bin')));
    const bytes = new Map<string, Uint8Array>();
    for (const name of source.entries.keys()) bytes.set(name, await source.read(name));
    await source.close();
    return bytes;
  }

  // Mamba, Mamba-2, Mamba-2 with groups and an untied head, Mamba-2 with biases and bounds of its time steps, and
  // with attention and MLPs, whose projections lie in one matrix there.
  it.each([
    'mamba',
    'mamba2',
    'mamba2-codestral',
    'bamba',
    'mamba-untied-biases',
    'mamba2-groups-3-biases',
    'mamba2-time-step-limit',
  ])('takes %s there and back without a bit lost', async (name) => {
    const before = await convert(await checkpoint(name), `${name}-hf`, '--to', 'hf');
    const there = await convert(before.output, `${name}-ssm`, '--to', 'mamba_ssm', '--json');
    expect(there.notes).toBe('');
    expect(JSON.parse(there.out)).toMatchObject({
      type: expect.stringMatching(/^mamba_ssm, (f32|bf16)$/),
      notes: ['every number is as it was, bit by bit'],
    });
    const back = await convert(there.output, `${name}-back`, '--to', 'hf');
    const weights = (path: string): Promise<Buffer> => readFile(join(path, 'model.safetensors'));
    expect((await weights(back.output)).equals(await weights(before.output))).toBe(true);
  });

  it.each(['mamba', 'mamba2'])('gives from %s what mamba_ssm has of it', async (name) => {
    const original = join(fixtures, `${name}-original`);
    const { output } = await convert(join(fixtures, name), name, '--to', 'mamba_ssm');
    expect(await tensorsOf(output)).toEqual(await tensorsOf(original));
    const config = JSON.parse(await readFile(join(output, 'config.json'), 'utf8'));
    const stated = JSON.parse(await readFile(join(original, 'config.json'), 'utf8'));
    expect(config).toMatchObject({ ...stated, ssm_cfg: stated.ssm_cfg });
  });

  it('writes a model that computes as before, and a bound without an end', async () => {
    const input = await checkpoint('mamba_ssm-mamba2-mlp-beside');
    const { output } = await convert(input, 'own', '--to', 'mamba_ssm');
    expect(await tensorsOf(output)).toEqual(await tensorsOf(input));
  });

  it.each([
    ['falcon_mamba', /innerNorms is something else and would be absent/],
    ['zamba2', /layers.2.kind is shared and would be mamba2/],
    ['llama', /layers.1.innerSize is 160 and would be 256/],
  ])('refuses %s, and leaves nothing', async (name, message) => {
    const { exitCode, notes, output } = await convert(join(fixtures, name), name, '--to', 'mamba_ssm');
    expect(exitCode).toBe(2);
    expect(notes).toMatch(message);
    await expect(readFile(output)).rejects.toThrow();
  });
});
