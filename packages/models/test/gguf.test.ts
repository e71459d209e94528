import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { bytesSource, type Directory, type GgufToWrite, openCheckpoint, readJson } from '@hybra/weights';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GgufOutputType, ggufContents, loadModel } from '../src/index.js';
import { asGguf as checkpointAsGguf, metadata, u32 } from './support/gguf-file.js';
import { fixture, fixtureNames, readGolden } from './support/golden.js';
import { largestError, runModel } from './support/model-runner.js';

/** A fixture as a GGUF file in memory, with changes. */
const asGguf = (
  name: string,
  type: GgufOutputType,
  change?: (file: GgufToWrite) => GgufToWrite,
): Promise<Directory> => checkpointAsGguf(fixture(name), type, change);

/** Those that GGUF has; the others are refused below. */
const names = fixtureNames.filter((name) => !['recurrent_gemma', 'zamba2'].includes(name));
/** Written as transformers has them, whatever their own layout is. */
const originals = ['mamba-original', 'mamba2-original'];

describe('a GGUF file', () => {
  let device: Device;
  beforeEach(async () => {
    device = await cpu().open();
  });
  afterEach(() => device.dispose());

  async function logitsOf(name: string, directory: Directory): Promise<Float32Array> {
    const { inputIds } = await readGolden(fixture(name));
    const model = await loadModel(directory, { device });
    const runner = runModel(model, { slots: 2, capacity: 64 });
    const logits = await runner.forward({ ids: inputIds, slots: [0, 1], starts: [0, 0] });
    model.dispose();
    return logits;
  }

  it.each([
    [
      'an unknown architecture',
      metadata({ 'general.architecture': { type: 'string', value: 'gpt5' } }),
      'E_CONFIG',
      /"gpt5" is not read; read are falcon-h1, granitehybrid/,
    ],
    [
      'no architecture',
      metadata({ 'general.architecture': undefined }),
      'E_FORMAT',
      /general.architecture is missing/,
    ],
    [
      'a missing size',
      metadata({ 'mamba2.ssm.state_size': undefined }),
      'E_FORMAT',
      /mamba2.ssm.state_size is missing, expected an integer/,
    ],
    [
      'a size that is text',
      metadata({ 'mamba2.ssm.state_size': { type: 'string', value: '16' } }),
      'E_FORMAT',
      /expected a number/,
    ],
    ['a size that does not fit', metadata({ 'mamba2.ssm.state_size': u32(16) }), 'E_SHAPE', /Expected/],
    [
      'a head count that does not divide',
      metadata({ 'mamba2.ssm.time_step_rank': u32(7) }),
      'E_CONFIG',
      /head_dim/,
    ],
    [
      '2³² layers',
      metadata({ 'mamba2.block_count': u32(2 ** 32 - 1) }),
      'E_FORMAT',
      /block_count is 4294967295/,
    ],
    [
      'no embedding',
      (file: GgufToWrite) => ({
        ...file,
        tensors: file.tensors.filter(({ name }) => name !== 'token_embd.weight'),
      }),
      'E_FORMAT',
      /token_embd.weight/,
    ],
    [
      'a tensor that nobody knows',
      (file: GgufToWrite) => ({
        ...file,
        tensors: [
          ...file.tensors,
          { name: 'blk.0.extra', type: 'f32', shape: [1], bytes: new Uint8Array(4) } as const,
        ],
      }),
      'E_FORMAT',
      /does not use 1 of its .*blk\.0\.extra/,
    ],
    [
      'decay rates that are positive',
      (file: GgufToWrite) => ({
        ...file,
        tensors: file.tensors.map((tensor) =>
          tensor.name === 'blk.0.ssm_a'
            ? { ...tensor, bytes: new Uint8Array(new Float32Array(8).fill(1).buffer) }
            : tensor,
        ),
      }),
      'E_FORMAT',
      /blk\.0\.ssm_a: a decay rate is not negative/,
    ],
  ] as const)('with %s is refused, and nothing stays allocated', async (_, change, code, message) => {
    const directory = await asGguf('mamba2', 'f32', change);
    await expect(loadModel(directory, { device })).rejects.toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
    expect(device.memoryBytes()).toBe(0);
  });

  it('is not written of a quantised checkpoint or an unknown family', async () => {
    const config = async (changes: object): Promise<Directory> => {
      const json = { ...((await readJson(fixture('llama'), 'config.json')) as object), ...changes };
      return {
        name: 'changed',
        open: async (file) =>
          file === 'config.json'
            ? bytesSource(new TextEncoder().encode(JSON.stringify(json)), file)
            : fixture('llama').open(file),
      };
    };
    await expect(
      ggufContents(await config({ quantization_config: { quant_method: 'hybra' } }), 'f16'),
    ).rejects.toThrow(/is quantised/);
    await expect(ggufContents(await config({ hidden_act: 'gelu' }), 'f16')).rejects.toThrow(
      /activation is gelu and would be silu/,
    );
  });

  it.each(['recurrent_gemma', 'zamba2'])(
    'is not written of %s, which llama.cpp does not know',
    async (name) => {
      await expect(ggufContents(fixture(name), 'f16')).rejects.toThrow(
        expect.objectContaining({
          code: 'E_CONFIG',
          message: expect.stringMatching(/because llama.cpp has no architecture for it/),
        }),
      );
    },
  );

  // As of the checkpoint itself (golden.test.ts): what is computed on the way is exact to float32.
  it.each(names)('of %s in F32 gives the logits of the reference', async (name) => {
    const { logits } = await readGolden(fixture(name));
    expect(largestError(await logitsOf(name, await asGguf(name, 'f32')), logits)).toBeLessThan(5e-4);
  });

  it.each(names.filter((name) => !originals.includes(name)))(
    'of %s has the tensors of the checkpoint, to the last bits of what is computed',
    async (name) => {
      const [before, after] = await Promise.all([
        openCheckpoint(fixture(name)),
        openCheckpoint(await asGguf(name, 'f32')),
      ]);
      expect([...after.entries.keys()].sort()).toEqual([...before.entries.keys()].sort());
      for (const [tensor, { shape }] of before.entries) {
        expect(after.entries.get(tensor)!.shape).toEqual(shape);
        const [expected, got] = [await before.read(tensor), await after.read(tensor)];
        const isCentred = name === 'qwen3_next' && /norm\.weight$/.test(tensor);
        // Its multipliers are in the matrices: gguf-variants.test.ts looks at their numbers.
        if (name === 'falcon_h1' && /(proj|embed_tokens|lm_head)\.weight$/.test(tensor)) continue;
        if (!tensor.endsWith('A_log') && !isCentred) expect(areEqual(got, expected), tensor).toBe(true);
        // A logarithm of an exponential, or w + 1 − 1, in float32: 2⁻²³ relative to e^A, at most 16 · 2⁻²³ of A here.
        else
          expect(largestError(new Float32Array(got.buffer), new Float32Array(expected.buffer))).toBeLessThan(
            2e-6,
          );
      }
      await before.close();
      await after.close();
    },
  );

  // Relative RMS errors of the logits, a little above what we measure: random weights amplify the errors of matrices
  // (0.0002, 0.005 and 0.09) some tenfold. That the blocks themselves are right is tested bit by bit where they are read.
  it.each([
    ['mamba', 'f16', 0.01],
    ['mamba2', 'q8_0', 0.08],
    ['llama', 'q8_0', 0.08],
    ['nemotron_h', 'q4_0', 0.6],
    // With experts some tokens choose others.
    ['jamba', 'q8_0', 0.2],
    ['granitemoehybrid-moe', 'q8_0', 0.2],
    ['qwen3_next', 'q8_0', 0.2],
    ['lfm2', 'f16', 0.01],
  ] as const)('of %s in %s stays near the reference', async (name, type, bound) => {
    const directory = await asGguf(name, type);
    const { logits } = await readGolden(fixture(name));
    const error = relativeError(await logitsOf(name, directory), logits);
    expect(error).toBeLessThan(bound);
    expect(error).toBeGreaterThan(bound / 20);
    const config = (await readJson(directory, 'config.json')) as { quantization_config?: object };
    expect(config.quantization_config !== undefined).toBe(type !== 'f16');
  });

  it('keeps its blocks in memory', async () => {
    const model = await loadModel(await asGguf('nemotron_h', 'q4_0'), { device });
    const parameters = model.parameters();
    expect(parameters['embedding.weight.codes']!.dtype).toBe('i8');
    expect(parameters['layers.0.mixer.inProjection.weight.codes']!.dtype).toBe('u8');
    model.dispose();
  });

  it('has experts in blocks, which become float32 in memory', async () => {
    const contents = await ggufContents(fixture('jamba'), 'q8_0');
    const experts = contents.tensors.find(({ name }) => name === 'blk.1.ffn_up_exps.weight')!;
    expect(experts).toMatchObject({ type: 'q8_0', shape: [4, 128, 64] });
    expect(contents.tensors.find(({ name }) => name === 'blk.1.ffn_gate_inp.weight')!.type).toBe('f32');
    await contents.close();
    const [before, after] = await Promise.all([
      openCheckpoint(fixture('jamba')),
      openCheckpoint(await asGguf('jamba', 'q8_0')),
    ]);
    for (const expert of [0, 3]) {
      const tensor = `model.layers.1.feed_forward.experts.${expert}.up_proj.weight`;
      expect(after.entries.get(tensor)).toMatchObject({ dtype: 'f32', shape: [128, 64] });
      const [expected, got] = [await before.read(tensor), await after.read(tensor)];
      const error = relativeError(new Float32Array(got.buffer), new Float32Array(expected.buffer));
      expect(error).toBeGreaterThan(0.001);
      expect(error).toBeLessThan(0.01); // 0.005 for Q8_0
    }
    await before.close();
    await after.close();
  });
});

/** Byte by byte; a matcher would take its time. */
function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
}

/** √(Σ (got − expected)² / Σ expected²) */
function relativeError(got: Float32Array, expected: Float32Array): number {
  let error = 0;
  let total = 0;
  for (const [index, value] of expected.entries()) {
    error += (got[index]! - value) ** 2;
    total += value ** 2;
  }
  return Math.sqrt(error / total);
}
