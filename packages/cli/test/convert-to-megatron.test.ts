import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ByteSource,
  bytesSource,
  castElements,
  encodeSafetensors,
  fileSource,
  isKind,
  openSafetensors,
  type PickleValue,
  readSmallFile,
  readTorchArchive,
  type TensorToEncode,
} from '@hybra/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { megatronFiles } from '../../models/test/support/megatron-files.js';
import { referenceCheckpoint, referenceNames } from '../../models/test/support/reference-checkpoint.js';
import { run } from './captured-terminal.js';

const fixtures = fileURLToPath(new URL('../../models/test/fixtures/', import.meta.url));

describe('hybra convert --to megatron', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hybra-megatron-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function convert(input: string, name: string, ...options: string[]) {
    const output = join(folder, name);
    return { ...(await run(['convert', input, output, ...options])), output };
  }

  /** A golden, or one of the tiny checkpoints, whose weights are made; `own` goes into its configuration. */
  async function checkpoint(name: string, own?: Readonly<Record<string, unknown>>): Promise<string> {
    const isMade = referenceNames.includes(name);
    if (!isMade && !own) return join(fixtures, name);
    const path = join(folder, `${name}-${Object.keys(own ?? {}).join('-')}-made`);
    await mkdir(path);
    for (const file of ['config.json', 'model.safetensors']) {
      const bytes = isMade
        ? await readSmallFile(referenceCheckpoint(name), file)
        : await readFile(join(fixtures, name, file));
      await writeFile(join(path, file), bytes!);
    }
    if (own) {
      const config = JSON.parse(await readFile(join(path, 'config.json'), 'utf8'));
      await writeFile(join(path, 'config.json'), JSON.stringify({ ...config, ...own }));
    }
    return path;
  }

  const fileOf = (path: string): string => join(path, 'release/mp_rank_00/model_optim_rng.pt');
  const weights = (path: string): Promise<Buffer> => readFile(join(path, 'model.safetensors'));

  async function contents(source: ByteSource) {
    const archive = await readTorchArchive(source, { inert: true });
    const entries = (value: PickleValue | undefined) => {
      if (isKind(value, 'inert') && value.attributes) return value.attributes.entries;
      return isKind(value, 'dict') ? value.entries : new Map<string, PickleValue>();
    };
    const root = entries(archive.value);
    const tensors = new Map<string, { shape: readonly number[]; bytes: string }>();
    for (const [name, tensor] of entries(root.get('model'))) {
      if (!isKind(tensor, 'tensor')) throw new Error(`${name} is no tensor`);
      tensors.set(String(name), {
        shape: tensor.shape,
        bytes: Buffer.from(await archive.read(tensor)).toString('base64'),
      });
    }
    await source.close();
    return { args: Object.fromEntries(entries(root.get('args'))), tensors };
  }

  // Hybrids with GELU or squared ReLU, with biases, with experts in groups, with a latent space; Mamba-2 alone, tied,
  // with groups, with biases.
  it.each([
    'nemotron_h',
    'nemotron_h-pattern',
    'nemotron_h-biases',
    'nemotron_h-expand',
    'nemotron_h-expert-groups',
    'nemotron_h-latent',
    'mamba2',
    'mamba2-codestral',
    'mamba2-groups-3-biases',
  ])('takes %s there and back without a bit lost', async (name) => {
    const before = await convert(await checkpoint(name), `${name}-hf`, '--to', 'hf');
    const there = await convert(before.output, `${name}-megatron`, '--to', 'megatron', '--json');
    expect(there.notes).toBe('');
    const report = JSON.parse(there.out);
    expect(report.type).toMatch(/^megatron, (f32|bf16|bf16 and f32)$/);
    expect(report.notes[0]).toBe('every number is as it was, bit by bit');
    const back = await convert(there.output, `${name}-back`, '--to', 'hf');
    expect(back.notes).toBe('');
    expect((await weights(back.output)).equals(await weights(before.output))).toBe(true);
    // The configuration says the same model: nothing is refused or lost on a second way.
    const again = await convert(back.output, `${name}-again`, '--to', 'megatron', '--json');
    expect(JSON.parse(again.out).notes).toEqual(report.notes);
    expect((await readFile(fileOf(again.output))).equals(await readFile(fileOf(there.output)))).toBe(true);
  });

  it('gives from nemotron_h what Megatron-LM has of it, and joins the ranks of another', async () => {
    const [whole] = await megatronFiles(1);
    const expected = await contents(bytesSource(whole!, 'whole'));
    const input = await checkpoint('nemotron_h', { mlp_hidden_act: 'gelu', time_step_min: 0 });
    const { output, out } = await convert(input, 'own', '--to', 'megatron', '--json');
    const written = await contents(await fileSource(fileOf(output)));
    expect(written.tensors).toEqual(expected.tensors);
    expect(written.args).toMatchObject({
      ...expected.args,
      hybrid_override_pattern: 'M-M*-M-',
      squared_relu: false,
      norm_epsilon: 1e-5,
      tensor_model_parallel_size: 1,
    });
    expect(JSON.parse(out).notes).toHaveLength(1);

    const ranks = join(folder, 'ranks');
    for (const [rank, bytes] of (await megatronFiles(2)).entries()) {
      await mkdir(join(ranks, `mp_rank_0${rank}`), { recursive: true });
      await writeFile(join(ranks, `mp_rank_0${rank}`, 'model_optim_rng.pt'), bytes);
    }
    const joined = await convert(ranks, 'one', '--to', 'megatron');
    expect((await readFile(fileOf(joined.output))).equals(await readFile(fileOf(output)))).toBe(true);
  });

  /** The attention and the MLP of the nemotron_h fixture alone. @param keys dtype of the keys */
  async function transformer(name: string, keys: 'f32' | 'bf16'): Promise<string> {
    const source = await openSafetensors(await fileSource(join(fixtures, 'nemotron_h', 'model.safetensors')));
    const tensors: TensorToEncode[] = [];
    for (const own of source.entries.values()) {
      const layer = /layers\.(\d+)/.exec(own.name)?.[1];
      if (layer !== undefined && layer !== '3' && layer !== '4') continue;
      const bytes = await source.read(own.name);
      const dtype = own.name.includes('.k_proj.') ? keys : 'f32';
      tensors.push({
        name: own.name.replace('layers.3', 'layers.0').replace('layers.4', 'layers.1'),
        dtype,
        shape: own.shape,
        bytes: castElements(bytes, 'f32', dtype),
      });
    }
    await source.close();
    const path = join(folder, name);
    await mkdir(path);
    await writeFile(join(path, 'model.safetensors'), encodeSafetensors({ tensors, metadata: {} }));
    const config = JSON.parse(await readFile(join(fixtures, 'nemotron_h', 'config.json'), 'utf8'));
    const layers_block_type = ['full_attention', 'mlp'];
    await writeFile(join(path, 'config.json'), JSON.stringify({ ...config, layers_block_type }));
    return path;
  }

  it('takes a Transformer without positions there and back', async () => {
    const before = await convert(await transformer('transformer', 'f32'), 'transformer-hf', '--to', 'hf');
    const there = await convert(before.output, 'transformer-megatron', '--to', 'megatron');
    expect(there.notes).toBe('');
    const back = await convert(there.output, 'transformer-back', '--to', 'hf');
    expect((await weights(back.output)).equals(await weights(before.output))).toBe(true);
  });

  it('refuses queries and keys of different dtypes, which would share a tensor', async () => {
    const { exitCode, notes } = await convert(await transformer('mixed', 'bf16'), 'no', '--to', 'megatron');
    expect(exitCode).toBe(2);
    expect(notes).toMatch(/E_DTYPE.*k_proj.weight is bf16 and .*q_proj.weight f32/);
  });

  it('keeps a bound of time steps, and says that Megatron-LM has none', async () => {
    const { output, out } = await convert(await checkpoint('nemotron_h'), 'bound', '--to', 'megatron');
    expect(out).toMatch(/at least 0.001 is kept in its args/);
    const back = await convert(output, 'bound-back');
    const config = JSON.parse(await readFile(join(back.output, 'config.json'), 'utf8'));
    expect(config).toMatchObject({ time_step_min: 0.001, mlp_hidden_act: 'relu2' });
  });

  it('states the dtype that numbers are rounded to', async () => {
    const input = await checkpoint('nemotron_h');
    const { output } = await convert(input, 'bf16', '--to', 'megatron', '--dtype', 'bf16');
    expect((await contents(await fileSource(fileOf(output)))).args).toMatchObject({
      bf16: true,
      fp16: false,
    });
  });

  it.each([
    ['mamba', {}, /no layers of the kind mamba\. Expected/],
    ['falcon_h1', {}, /no layers of the kind parallel/],
    ['zamba2', {}, /no layers of the kind shared/],
    ['llama', {}, /layers.0.rope is something else and would be absent/],
    ['bamba', {}, /cannot say what this model is: layers.\d/],
    ['nemotron_h', { mlp_hidden_act: 'silu' }, /activation is silu and would be gelu/],
    ['mamba2-time-step-limit', {}, /timeStepLimit.1 is 0.3 and would be Infinity/],
    ['nemotron_h', { quantization_config: { quant_method: 'hybra' } }, /quanti[sz]/],
  ])('refuses %s with %j, and leaves nothing', async (name, own, message) => {
    const input = await checkpoint(name, Object.keys(own).length > 0 ? own : undefined);
    const { exitCode, notes, output } = await convert(input, `${name}-refused`, '--to', 'megatron');
    expect(exitCode).toBe(2);
    expect(notes).toMatch(/E_CONFIG/);
    expect(notes).toMatch(message);
    await expect(readFile(fileOf(output))).rejects.toThrow();
  });
});
