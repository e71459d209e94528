import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import {
  bytesDirectory,
  castElements,
  type Directory,
  encodeGguf,
  type GgufField,
  type GgufTensorToWrite,
  type GgufToWrite,
  openCheckpoint,
  readJson,
} from '@hybra/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { familyOf, ggufContents, ggufDirectory, loadModel } from '../src/index.js';
import { asGguf, metadata, u32 } from './support/gguf-file.js';
import {
  bamba,
  base,
  falcon,
  granite,
  type Json,
  jamba,
  llama3,
  nemotron,
  qwen3Next,
  readable,
} from './support/gguf-models.js';
import { fixture } from './support/golden.js';
import { largestError, runModel } from './support/model-runner.js';
import { livelyWeights, writtenCheckpoint } from './support/written-checkpoint.js';

describe('a GGUF file', () => {
  let device: Device;
  beforeAll(async () => {
    device = await cpu().open();
  });
  afterAll(() => device.dispose());

  const ids = Array.from({ length: 15 }, (_, index) => (index * 17 + 3) % 40);

  async function logitsOf(directory: Directory): Promise<Float32Array> {
    const model = await loadModel(directory, { device });
    const runner = runModel(model, { slots: 1, capacity: 16 });
    const logits = await runner.forward({ ids: [ids], slots: [0], starts: [0] });
    model.dispose();
    return logits;
  }

  function written(json: Json): Promise<Directory> {
    return writtenCheckpoint(json, livelyWeights(familyOf(json).parseConfig(json)));
  }

  /** Bounded by roundings of float32 on the way: of decay rates, of factors, of numbers in the metadata. */
  async function expectSame(gguf: Directory, checkpoint: Directory): Promise<void> {
    expect(largestError(await logitsOf(gguf), await logitsOf(checkpoint))).toBeLessThan(1e-5);
  }

  it.each([
    ['an activation', { ...base, model_type: 'llama', hidden_act: 'gelu' }, /activation is gelu/],
    ['a norm before the gate', { ...falcon, mamba_rms_norm: true }, /normBeforeGate is true/],
    ['a tied head with a factor of its own', { ...falcon, tie_word_embeddings: true }, /multipliers.logits/],
    ['half a head rotated', { ...base, model_type: 'llama', partial_rotary_factor: 0.5 }, /whole heads/],
    [
      'windows in some layers',
      {
        ...base,
        model_type: 'qwen2',
        use_sliding_window: true,
        sliding_window: 3,
        max_window_layers: 1,
      },
      /window is 3 and would be absent/,
    ],
    ['routers that are not normalised', { ...qwen3Next, norm_topk_prob: false }, /isNormalized is false/],
    ['values wider than keys', { ...qwen3Next, linear_value_head_dim: 32 }, /as wide as keys/],
    ['dense blocks', { ...qwen3Next, mlp_only_layers: [0] }, /no place for layers\.1\.mixer/],
    [
      'biases that it has no place for',
      { ...base, model_type: 'lfm2', layer_types: ['conv', 'conv'], conv_bias: true },
      /no place for .*bias/,
    ],
    ['groups that are normed together', { ...granite, mamba_n_groups: 2 }, /two models/],
    ["Llama 3's positions elsewhere", { ...base, ...llama3, model_type: 'qwen3' }, /scaled as llama3/],
    [
      'both MLPs and experts',
      { ...nemotron, layers_block_type: ['mamba', 'moe', 'mlp'], intermediate_size: 96 },
      /layers/,
    ],
  ] as const)('is not written of a model with %s', async (_, json, message) => {
    await expect(ggufContents(await written(json), 'f32')).rejects.toThrow(message);
  });

  it.each([
    [
      'no experts that are used',
      nemotron,
      { 'nemotron_h_moe.expert_used_count': u32(0) },
      /expert_used_count/,
    ],
    [
      'uneven experts',
      nemotron,
      { 'nemotron_h_moe.expert_feed_forward_length': { type: 'array', of: 'u32', value: [0, 32, 0, 48] } },
      /one integer from 1 for all blocks/,
    ],
    ['a list that is too short', jamba, { 'jamba.attention.head_count_kv': list([0]) }, /or 2 of them/],
    [
      'heads of two counts',
      { ...granite },
      { 'granitehybrid.attention.head_count_kv': list([1, 2]) },
      /one integer/,
    ],
    ['more rotated than there is', bamba, { 'granitehybrid.rope.dimension_count': u32(32) }, /up to 16/],
    [
      'no rotation and no factors',
      bamba,
      { 'granitehybrid.rope.scaling.finetuned': bool(false) },
      /finetuned/,
    ],
    ['odd positions', { ...base, model_type: 'qwen2' }, { 'qwen2.rope.scaling.type': text('ntk') }, /"ntk"/],
    [
      'values of another width',
      { ...base, model_type: 'qwen2' },
      { 'qwen2.attention.value_length': u32(8) },
      /of keys/,
    ],
    ['too many blocks to leave out', qwen3Next, { 'qwen3next.nextn_predict_layers': u32(2) }, /block_count/],
    [
      'too few kinds of block',
      qwen3Next,
      { 'qwen3next.attention.recurrent_layers': bools([true]) },
      /each of 2 blocks/,
    ],
    [
      'experts where we have none',
      { ...base, model_type: 'llama' },
      { 'llama.expert_count': u32(8) },
      /with experts/,
    ],
  ] as const)('with %s is refused', async (_, json, changes, message) => {
    const gguf = await asGguf(await written(json), 'f32', metadata(changes as Record<string, GgufField>));
    const error = await loadModel(gguf, { device }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: expect.stringMatching(/E_FORMAT|E_CONFIG/) });
    expect(String(error)).toMatch(message);
  });

  it('with experts in uneven blocks, or divisors that are none, is refused', async () => {
    const uneven = await asGguf(
      await written({
        ...jamba,
        num_hidden_layers: 4,
        expert_layer_period: 1,
        expert_layer_offset: 0,
        num_experts: 2,
      }),
      'f32',
      (file) => ({ ...file, tensors: file.tensors.filter(({ name }) => !name.startsWith('blk.2.ffn_')) }),
    );
    await expect(loadModel(uneven, { device })).rejects.toThrow(/every so many blocks/);
    for (const [divisors, message] of [
      [[1, 2], /has 2 numbers. Expected 8/],
      [[0, 1, 1, 1, 1, 1, 1, 1], /positive numbers/],
    ] as const) {
      const bytes = new Uint8Array(Float32Array.from(divisors).buffer);
      const extra = { name: 'rope_freqs.weight', type: 'f32', shape: [divisors.length], bytes } as const;
      const gguf = await asGguf(fixture('llama'), 'f32', (file) => ({
        ...file,
        tensors: [...file.tensors, extra],
      }));
      await expect(loadModel(gguf, { device })).rejects.toThrow(message);
    }
  });

  it('with a tensor of another shape is refused by its own name', async () => {
    const gguf = await asGguf(await written(qwen3Next), 'f32', (file) => ({
      ...file,
      tensors: file.tensors.map((tensor) =>
        tensor.name === 'blk.0.ffn_up_exps.weight' ? { ...tensor, shape: [4, 64, 32] } : tensor,
      ),
    }));
    await expect(loadModel(gguf, { device })).rejects.toThrow(
      expect.objectContaining({
        code: 'E_SHAPE',
        message: expect.stringMatching(
          /blk\.0\.ffn_up_exps\.weight is \[4, 64, 32\]\. Expected \[4, 32, 64\]/,
        ),
      }),
    );
  });

  it.each(Object.entries(readable))('of %s is the same model', async (_, json) => {
    const checkpoint = await written(json);
    await expectSame(await asGguf(checkpoint, 'f32'), checkpoint);
  });

  it('of a GGUF file is that file again', async () => {
    for (const json of [falcon, qwen3Next, { ...base, ...llama3, model_type: 'llama' }]) {
      const first = await asGguf(await written(json), 'f32');
      await expectSame(await asGguf(first, 'f32'), first);
    }
  });

  it("of falcon_h1 has the multipliers in its matrices, as llama.cpp's conversion puts them there", async () => {
    const [before, after] = await Promise.all([
      openCheckpoint(fixture('falcon_h1')),
      openCheckpoint(await asGguf(fixture('falcon_h1'), 'f32')),
    ]);
    // From config.json: rows z, x, B, C, dt of 128, 128, 32, 32, 8.
    const stream = (row: number): number => 0.9 * [0.9, 1.1, 0.8, 1.2, 0.7][rowPart(row)]!;
    const rowPart = (row: number): number => [128, 256, 288, 320, 328].findIndex((end) => row < end);
    const expected: Readonly<Record<string, (row: number) => number>> = {
      'lm_head.weight': () => 0.7,
      'model.embed_tokens.weight': () => 1.3,
      'model.layers.0.mamba.in_proj.weight': stream,
      'model.layers.0.mamba.out_proj.weight': () => 0.8,
      'model.layers.0.self_attn.q_proj.weight': () => 1.1,
      'model.layers.0.self_attn.k_proj.weight': () => 1.1 * 0.6,
      'model.layers.0.self_attn.v_proj.weight': () => 1.1,
      'model.layers.0.self_attn.o_proj.weight': () => 0.9,
      'model.layers.0.feed_forward.gate_proj.weight': () => 0.9,
      'model.layers.0.feed_forward.up_proj.weight': () => 1,
      'model.layers.0.feed_forward.down_proj.weight': () => 1.1,
    };
    for (const [name, factor] of Object.entries(expected)) {
      const columns = before.entries.get(name)!.shape[1]!;
      const [own, got] = [floats(await before.read(name)), floats(await after.read(name))];
      const products = own.map((value, index) => value * factor(Math.floor(index / columns)));
      expect(largestError(got, products), name).toBeLessThan(1e-6);
    }
    expect(await readJson(await asGguf(fixture('falcon_h1'), 'f32'), 'config.json')).not.toHaveProperty(
      'key_multiplier',
    );
    await before.close();
    await after.close();
  });

  // llama-arch.cpp and conversion/llama.py: what the frequencies of a rotation are divided by.
  it("of Llama 3's positions has their divisors", async () => {
    const contents = await ggufContents(await written({ ...base, ...llama3, model_type: 'llama' }), 'f16');
    const tensor = contents.tensors.find(({ name }) => name === 'rope_freqs.weight')!;
    // θ = 100, R = 16: waves of 2π · 100^(i / 8); short below 4, long above 16, smooth between.
    const expected = Array.from({ length: 8 }, (_, pair) => {
      const wave = 2 * Math.PI * 100 ** (pair / 8);
      if (wave < 4) return 1;
      if (wave > 16) return 8;
      const smooth = (16 / wave - 1) / 3;
      return 1 / ((1 - smooth) / 8 + smooth);
    });
    expect(largestError(floats(tensor.bytes as Uint8Array), Float32Array.from(expected))).toBeLessThan(1e-6);
    await contents.close();
  });

  it('reads what others write: gate and up in one, projections head by head, blocks that predict', async () => {
    const checkpoint = await written(qwen3Next);
    const source = await openCheckpoint(checkpoint);
    const whole = await source.read('model.layers.0.linear_attn.in_proj_qkvz.weight');
    await source.close();
    const gguf = await asGguf(checkpoint, 'f32', async (file) => {
      const bytes = await bytesByName(file);
      const fused = [0, 1].map((block): GgufTensorToWrite => {
        const [gate, up] = ['gate', 'up'].map((part) => bytes.get(`blk.${block}.ffn_${part}_exps.weight`)!);
        const parts = Array.from({ length: 4 }, (_, expert) => [slice(gate!, expert), slice(up!, expert)]);
        return tensorOf(`blk.${block}.ffn_gate_up_exps.weight`, [4, 64, 64], joined(parts.flat()));
      });
      const others = file.tensors.filter(
        ({ name }) => !/ffn_(gate|up)_exps|blk\.0\.attn_(qkv|gate)/.test(name),
      );
      return {
        metadata: {
          ...file.metadata,
          'qwen3next.block_count': u32(3),
          'qwen3next.nextn_predict_layers': u32(1),
        },
        tensors: [
          ...others,
          ...fused,
          tensorOf('blk.0.ssm_in.weight', [256, 64], whole),
          tensorOf('blk.2.nextn.enorm.weight', [2], new Uint8Array(8)),
        ],
      };
    });
    await expectSame(gguf, checkpoint);
  });

  it("reads Bamba as llama.cpp's conversion writes it, whole heads in pairs", async () => {
    const checkpoint = await written(bamba);
    const gguf = await asGguf(checkpoint, 'f32', async (file) => ({
      metadata: metadata({ 'hybra.rope_pairs_rotated_rows': undefined })(file).metadata,
      tensors: await Promise.all(
        file.tensors.map(async (tensor) => {
          if (!/attn_[qk]\.weight$/.test(tensor.name)) return tensor;
          const bytes = tensor.bytes as () => Promise<Uint8Array>;
          return { ...tensor, bytes: wholeHeads(await bytes(), tensor.shape[0]!) };
        }),
      ),
    }));
    await expectSame(gguf, checkpoint);
  });

  it('in parts opens from any of them', async () => {
    const contents = await ggufContents(fixture('lfm2'), 'f16');
    const half = Math.floor(contents.tensors.length / 2);
    const part = (number: number, tensors: readonly GgufTensorToWrite[], metadata: GgufToWrite['metadata']) =>
      encodeGguf({
        metadata: {
          ...metadata,
          'split.no': { type: 'u16', value: number },
          'split.count': { type: 'u16', value: 2 },
          'split.tensors.count': { type: 'i32', value: contents.tensors.length },
        },
        tensors,
      });
    const files = {
      'm-00001-of-00002.gguf': await part(0, contents.tensors.slice(0, half), contents.metadata),
      'm-00002-of-00002.gguf': await part(1, contents.tensors.slice(half), {}),
    };
    await contents.close();
    const whole = await logitsOf(await asGguf(fixture('lfm2'), 'f16'));
    for (const name of Object.keys(files)) {
      expect(await logitsOf(ggufDirectory(`models/${name}`, bytesDirectory(files)))).toEqual(whole);
    }
    const first = bytesDirectory({ 'm-00001-of-00002.gguf': files['m-00001-of-00002.gguf'] });
    await expect(loadModel(ggufDirectory('m-00001-of-00002.gguf', first), { device })).rejects.toThrow(
      expect.objectContaining({ code: 'E_IO' }),
    );
  });
});

function list(value: readonly number[]): GgufField {
  return { type: 'array', of: 'u32', value };
}

function bools(value: readonly boolean[]): GgufField {
  return { type: 'array', of: 'bool', value };
}

function bool(value: boolean): GgufField {
  return { type: 'bool', value };
}

function text(value: string): GgufField {
  return { type: 'string', value };
}

function floats(bytes: Uint8Array): Float32Array {
  return new Float32Array(castElements(bytes, 'f32', 'f32').buffer);
}

async function bytesByName(file: GgufToWrite): Promise<ReadonlyMap<string, Uint8Array>> {
  const entries = file.tensors.map(async ({ name, bytes }) => {
    return [name, typeof bytes === 'function' ? await bytes() : bytes] as const;
  });
  return new Map(await Promise.all(entries));
}

function tensorOf(name: string, shape: readonly number[], bytes: Uint8Array): GgufTensorToWrite {
  return { name, type: 'f32', shape, bytes };
}

/** The matrix of one of four experts. */
function slice(experts: Uint8Array, expert: number): Uint8Array {
  const size = experts.byteLength / 4;
  return experts.subarray(expert * size, (expert + 1) * size);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Rows of heads of 16, of which 8 lie in pairs, with all 16 in pairs. */
function wholeHeads(rows: Uint8Array, count: number): Uint8Array {
  const width = rows.byteLength / count;
  const moved = new Uint8Array(rows.byteLength);
  for (let row = 0; row < count; row++) {
    const inHead = row % 16;
    const first = row - inHead;
    // Where the checkpoint has it: i and i + 4 of the first 8, the others as they are.
    const original = inHead >= 8 ? inHead : (inHead % 2) * 4 + Math.floor(inHead / 2);
    const target = original < 8 ? 2 * original : 2 * (original - 8) + 1;
    moved.set(rows.subarray(row * width, (row + 1) * width), (first + target) * width);
  }
  return moved;
}
