import { elementCount } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { variants } from '../../test/support/variants.js';
import { parameterSpecs } from '../config/parameter-specs.js';
import { patternOf } from '../config/pattern-of.js';
import { tensorsOnDisk } from '../export/tensors-on-disk.js';
import { familyOf, parseConfig } from './families.js';
import { tensorNameMap } from './tensor-name-map.js';

const bases = {
  mamba: { model_type: 'mamba', hidden_size: 32, vocab_size: 64, num_hidden_layers: 2 },
  mamba2: {
    model_type: 'mamba2',
    hidden_size: 32,
    vocab_size: 64,
    num_hidden_layers: 2,
    num_heads: 4,
    head_dim: 16,
    n_groups: 2,
  },
  llama: {
    model_type: 'llama',
    hidden_size: 32,
    vocab_size: 64,
    num_hidden_layers: 2,
    intermediate_size: 48,
    num_attention_heads: 4,
    num_key_value_heads: 2,
  },
  nemotron_h: {
    model_type: 'nemotron_h',
    hidden_size: 32,
    vocab_size: 64,
    hybrid_override_pattern: 'M-*-',
    mamba_num_heads: 4,
    mamba_head_dim: 8,
    n_groups: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 8,
    intermediate_size: 48,
  },
} as const;

type Base = keyof typeof bases;

function parse(base: Base, changes: Readonly<Record<string, unknown>> = {}) {
  return parseConfig({ ...bases[base], ...changes });
}

describe('parseConfig', () => {
  it.each([
    [{ model_type: 'gpt2' }, /"gpt2"; supported: .*llama, mamba, mamba2/],
    [{}, /model_type is missing; supported/],
    [{ model_type: 7 }, /model_type is 7/],
    [{ model_type: 'constructor' }, /supported/],
    [
      { d_model: 64, n_layer: 2, ssm_cfg: { layer: 'Mamba3' } },
      /layer is "Mamba3", which is not supported yet/,
    ],
    [{ d_model: 64, n_layer: 2, ssm_cfg: { layer: 'LSTM' } }, /layer is "LSTM"/],
    [{ d_model: 64, n_layer: 2, ssm_cfg: { d_stat: 8 } }, /"d_stat" \(nearest known: d_state/],
    // Another library's mamba2, which has keys of its own.
    [
      { model_type: 'mamba2', hidden_size: 32, num_heads: 1, n_groups: 1, fuse_norm: true, norm_eps: 1e-5 },
      /unknown keys "fuse_norm".*"norm_eps"/,
    ],
    [null, /is null/],
  ])('refuses %j', (json, message) => {
    expect(() => parseConfig(json)).toThrow(message);
  });

  // Each names the key at fault.
  it.each<[Base, Record<string, unknown>, RegExp]>([
    ['mamba', { hidden_size: -1 }, /hidden_size is -1/],
    ['mamba', { hidden_size: 1e12 }, /hidden_size is 1000000000000/],
    ['mamba', { num_hidden_layers: 1e9 }, /num_hidden_layers/],
    ['mamba', { intermediate_size: 65 }, /intermediate_size is 65, but expand 2 times hidden_size 32 is 64/],
    ['mamba', { expand: 1.01 }, /expand 1.01 times hidden_size 32/],
    ['mamba', { time_step_rank: 'automatic' }, /time_step_rank is "automatic"/],
    ['mamba', { hidden_act: 'gelu' }, /hidden_act is "gelu", expected one of silu, swish/],
    ['mamba', { conv_kernel: 1 }, /conv_kernel is 1/],
    ['mamba', { mixer_rms_eps: 1e-6 }, /"mixer_rms_eps"/],
    ['mamba', { rms_norm: false }, /rms_norm is false/],
    [
      'mamba',
      { quantization_config: { bits: 4 } },
      /quantization_config is an object, expected one that hybra wrote/,
    ],
    ['mamba', { is_encoder_decoder: true }, /is_encoder_decoder/],
    ['mamba2', { num_heads: 5 }, /num_heads 5 times head_dim 16 is 80.*expand times hidden_size is 64/],
    ['mamba2', { n_groups: 3 }, /n_groups 3 does not divide num_heads 4/],
    ['mamba2', { n_groups: 0 }, /n_groups is 0/],
    ['mamba2', { time_step_limit: [0.1, 0] }, /time_step_limit is \[0.1, 0\]/],
    ['mamba2', { chunksize: 64 }, /"chunksize" \(nearest known: chunk_size/],
    ['llama', { num_key_value_heads: 3 }, /num_key_value_heads 3 does not divide num_attention_heads 4/],
    [
      'llama',
      { num_attention_heads: 5, num_key_value_heads: 5 },
      /num_attention_heads 5 does not divide hidden_size 32/,
    ],
    [
      'llama',
      { rope_scaling: { rope_type: 'spiral', factor: 4 } },
      /rope_type is "spiral", expected one of default, linear, dynamic, llama3/,
    ],
    ['llama', { rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [1] } }, /short_factor/],
    ['llama', { rope_scaling: { type: 'yarn', factor: 0 } }, /factor is 0/],
    ['llama', { rope_scaling: { type: 'linear' } }, /factor is missing/],
    [
      'llama',
      { rope_parameters: { rope_type: 'default', speed: 2 } },
      /llama.rope_parameters config: unknown key "speed"/,
    ],
    [
      'llama',
      { rope_theta: 1e4, rope_parameters: { rope_theta: 5e5 } },
      /rope_theta is 10000 at the top level and 500000/,
    ],
    ['llama', { rope_parameters: {}, rope_scaling: {} }, /both given/],
    ['llama', { partial_rotary_factor: 0.1 }, /partial_rotary_factor 0.1 of head_dim 8/],
    ['llama', { sliding_window: 128 }, /sliding_window is 128/],
    ['llama', { tie_word_embeddings: 'yes' }, /tie_word_embeddings is "yes"/],
    ['nemotron_h', { hybrid_override_pattern: 'M-E-', num_experts_per_tok: 9 }, /num_experts_per_tok is 9/],
    ['nemotron_h', { hybrid_override_pattern: 'M-E-', n_group: 3 }, /n_group 3 does not divide/],
    ['nemotron_h', { hybrid_override_pattern: 'M-X-' }, /"X" at 2/],
    ['nemotron_h', { hybrid_override_pattern: '' }, /hybrid_override_pattern is ""/],
    ['nemotron_h', { layers_block_type: ['mamba', 'mlp'] }, /name different layers/],
    [
      'nemotron_h',
      { hybrid_override_pattern: null, layers_block_type: ['mamba', 'lstm'] },
      /layers_block_type is \["mamba", "lstm"\]/,
    ],
    ['nemotron_h', { n_groups: 3 }, /n_groups 3 does not divide mamba_num_heads 4/],
    ['nemotron_h', { mamba_n_groups: 4 }, /n_groups and mamba_n_groups mean the same/],
    ['nemotron_h', { mlp_hidden_act: 'tanh' }, /mlp_hidden_act is "tanh"/],
    ['nemotron_h', { attention_head_dim: 16 }, /head_dim and attention_head_dim/],
    ['nemotron_h', { sliding_window: 4 }, /sliding_window is 4/],
  ])('of %s refuses %j', (base, changes, message) => {
    expect(() => parse(base, changes)).toThrow(message);
    expect(() => parse(base, changes)).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
  });

  it('fills in the defaults of transformers', () => {
    expect(parse('mamba')).toMatchObject({
      isTied: true,
      layers: [{ stateSize: 16, timeStepRank: 2, innerSize: 64 }, {}],
    });
    expect(parse('mamba2', { n_groups: undefined, num_heads: 8, head_dim: 8 })).toMatchObject({
      isTied: false,
      layers: [{ groups: 8, stateSize: 128, chunkSize: 256, normBeforeGate: false }, {}],
    });
    expect(parse('llama', { num_key_value_heads: undefined }).layers[0]).toMatchObject({
      keyValueHeads: 4,
      headSize: 8,
      rope: { rotarySize: 8, theta: 10_000 },
    });
    expect(parse('nemotron_h').layers[1]).toMatchObject({ activation: 'relu2', gated: false });
  });

  it('does not read norm_before_gate of a mamba2, as transformers does not', () => {
    expect(parse('mamba2', { norm_before_gate: true }).layers[0]).toMatchObject({ normBeforeGate: false });
  });

  it('bounds the time step of a nemotron_h from below by time_step_min', () => {
    const limit = [0, { __float__: 'Infinity' }];
    expect(parse('nemotron_h', { time_step_limit: limit, time_step_min: 0.002 }).layers[0]).toMatchObject({
      timeStepLimit: [0.002, Number.POSITIVE_INFINITY],
    });
  });

  it.each([[['mamba', 'mlp', 'attention', 'mlp']], [['linear_attention', 'mlp', 'full_attention', 'mlp']]])(
    'reads the block types %j',
    (types) => {
      const config = parse('nemotron_h', { hybrid_override_pattern: undefined, layers_block_type: types });
      expect(patternOf(config)).toBe('M-*-');
    },
  );

  it('has an inner width of its own in a nemotron_h', () => {
    const [mamba] = parse('nemotron_h', { mamba_num_heads: 6, mamba_head_dim: 4 }).layers;
    expect(mamba).toMatchObject({ heads: 6, headSize: 4 });
  });

  it('reads both spellings of RoPE', () => {
    const llama3 = {
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    };
    const expected = {
      theta: 500_000,
      scaling: {
        kind: 'llama3',
        factor: 8,
        lowFrequencyFactor: 1,
        highFrequencyFactor: 4,
        originalContextLength: 8192,
      },
    };
    const old = parse('llama', { rope_theta: 500_000, rope_scaling: { ...llama3, rope_type: 'llama3' } });
    const nested = parse('llama', {
      rope_parameters: { ...llama3, rope_type: 'llama3', rope_theta: 500_000 },
    });
    expect(old.layers[0]).toMatchObject({ rope: expected });
    expect(nested.layers[0]).toMatchObject({ rope: expected });
  });

  it('accepts what published configurations carry', () => {
    const published = {
      d_model: 32,
      n_layer: 2,
      d_inner: 64,
      ssm_cfg: {},
      rms_norm: true,
      fused_add_norm: true,
      residual_in_fp32: true,
      pad_vocab_size_multiple: 8,
      time_step_rank: 2,
      torch_dtype: 'float32',
      transformers_version: '4.39.0',
      architectures: ['MambaForCausalLM'],
      id2label: { 0: 'LABEL_0' },
    };
    expect(() => parse('mamba', published)).not.toThrow();
  });
});

describe('stored forms', () => {
  it.each(Object.entries(variants))('of %s are total and fill their tensors', (_, json) => {
    const family = familyOf(json);
    const config = family.parseConfig(json);
    const back = tensorNameMap(family, config);
    for (const spec of parameterSpecs(config)) {
      for (const form of family.storedForms(spec, config)) {
        expect(form.length, spec.name).toBeGreaterThan(0);
        expect(form.reduce((sum, { count }) => sum + count, 0)).toBe(elementCount(spec.shape));
        for (const { tensor } of form) expect(back.get(tensor)).toContainEqual(spec);
      }
    }
    for (const { name, shape, pieces } of tensorsOnDisk(family, config)) {
      const runs = pieces.toSorted((a, b) => a.to - b.to);
      let end = 0;
      for (const { to, count } of runs) {
        expect(to, name).toBe(end);
        end = to + count;
      }
      expect(end, name).toBe(elementCount(shape));
    }
  });
});
