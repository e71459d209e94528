import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileSource, openSafetensors } from '@hybra/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { megatronFiles } from '../../models/test/support/megatron-files.js';
import { run } from './captured-terminal.js';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../models/test/fixtures/${name}`, import.meta.url));

describe('hybra convert to a folder', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hybra-convert-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function convert(input: string, name: string, ...options: string[]) {
    const output = join(folder, name);
    return { ...(await run(['convert', input, output, ...options])), output };
  }

  const tensorsOf = async (path: string) => {
    const source = await openSafetensors(await fileSource(join(path, 'model.safetensors')));
    const bytes = new Map<string, Uint8Array>();
    for (const name of source.entries.keys()) bytes.set(name, await source.read(name));
    await source.close();
    return bytes;
  };

  // The fixtures hold the same weights in both layouts.
  it.each(['mamba', 'mamba2'])('gives from %s-original the weights of %s', async (name) => {
    const { exitCode, output } = await convert(fixture(`${name}-original`), name);
    expect(exitCode).toBe(0);
    expect(await tensorsOf(output)).toEqual(await tensorsOf(fixture(name)));
    expect(JSON.parse(await readFile(join(output, 'config.json'), 'utf8'))).toMatchObject({
      model_type: name,
      tie_word_embeddings: true,
    });
  });

  it.each(['qwen3_next', 'granitemoehybrid-moe', 'zamba2', 'recurrent_gemma', 'jamba'])(
    'writes %s as it was, whatever of it is fused, stacked, shared or interleaved',
    async (name) => {
      const { exitCode, output } = await convert(fixture(name), name);
      expect(exitCode).toBe(0);
      expect(await tensorsOf(output)).toEqual(await tensorsOf(fixture(name)));
    },
  );

  it('joins the ranks of Megatron-LM', async () => {
    const input = join(folder, 'megatron');
    for (const [rank, bytes] of (await megatronFiles(2)).entries()) {
      const path = join(input, 'release', `mp_rank_0${rank}`);
      await mkdir(path, { recursive: true });
      await writeFile(join(path, 'model_optim_rng.pt'), bytes);
    }
    await writeFile(join(input, 'latest_checkpointed_iteration.txt'), 'release\n');
    const { exitCode, output } = await convert(input, 'joined');
    expect(exitCode).toBe(0);
    expect(await tensorsOf(output)).toEqual(await tensorsOf(fixture('nemotron_h')));
  });

  it('says what rounding costs', async () => {
    const kept = await convert(fixture('lfm2'), 'kept', '--json');
    expect(JSON.parse(kept.out)).toMatchObject({ notes: ['every number is as it was, bit by bit'] });
    const rounded = await convert(fixture('lfm2'), 'rounded', '--dtype', 'bf16', '--json');
    expect(JSON.parse(rounded.out)).toMatchObject({
      type: 'lfm2, bf16',
      notes: [expect.stringMatching(/rounded, by \d\.\d\de-3/)],
    });
  });

  it('refuses a folder that is there', async () => {
    await mkdir(join(folder, 'taken'));
    const { exitCode, notes } = await convert(fixture('lfm2'), 'taken');
    expect(exitCode).toBe(2);
    expect(notes).toMatch(/exists already/);
  });
});
