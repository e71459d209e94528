import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  familyOf,
  loadModel,
  modelFromWeights,
  parameterSpecs,
  parseConfig,
  patternOf,
} from '../src/index.js';
import { variants } from './support/variants.js';
import { livelyWeights, writtenCheckpoint } from './support/written-checkpoint.js';

describe('ways in which a checkpoint may be stored', () => {
  let device: Device;
  beforeAll(async () => {
    device = await cpu().open();
  });
  afterAll(() => device.dispose());

  // Experts matrix by matrix, fused as in memory, or stacked; both names of the embedding; Jamba's old norms; a shared
  // block beside any layer that uses it.
  it.each(
    Object.entries(variants).flatMap(([name, json]) => {
      const family = familyOf(json);
      const config = family.parseConfig(json);
      const counts = parameterSpecs(config).map((spec) => family.storedForms(spec, config).length);
      // A layer with a copy of its block reads another's only where that is all there is.
      const hasCopies = config.layers.some((layer) => layer.kind === 'shared' && layer.hasOwnCopy);
      const others = hasCopies ? 0 : Math.max(...counts) - 1;
      return Array.from({ length: others }, (_, choice) => [name, choice + 1, json] as const);
    }),
  )('%s loads in its form %i as in its first', async (_, choice, json) => {
    const family = familyOf(json);
    const config = family.parseConfig(json);
    const weights = livelyWeights(config);
    const directory = await writtenCheckpoint(json, weights, (spec) => {
      const forms = family.storedForms(spec, config);
      return forms[Math.min(choice, forms.length - 1)]!;
    });
    const loaded = await loadModel(directory, { device });
    const made = await modelFromWeights(config, weights, { device });
    expect(loaded.fingerprint).toBe(made.fingerprint);
  });
});

describe('both vocabularies of layer types', () => {
  it.each([
    ['granitemoehybrid dense', ['mamba', 'attention'], ['linear_attention', 'full_attention'], 'M-*-'],
    ['bamba', ['attention', 'mamba'], ['full_attention', 'linear_attention'], '*-M-'],
    [
      'qwen3_next',
      ['mamba', 'attention', 'mamba'],
      ['linear_attention', 'full_attention', 'linear_attention'],
      'DE*-DE',
    ],
    [
      'jamba',
      ['mamba', 'attention', 'mamba'],
      ['linear_attention', 'full_attention', 'linear_attention'],
      'ME*-ME',
    ],
  ] as const)('of %s', (name, old, renamed, pattern) => {
    for (const layer_types of [old, renamed]) {
      expect(patternOf(parseConfig({ ...variants[name], layer_types }))).toBe(pattern);
    }
  });

  it('of zamba2', () => {
    const types = ['linear_attention', 'hybrid', 'mamba', 'hybrid', 'linear_attention'];
    expect(patternOf(parseConfig({ ...variants.zamba2, layers_block_type: types }))).toBe('MSMSM');
  });
});

describe('what is and is not there', () => {
  const windowOf = (json: Record<string, unknown>) => parseConfig({ ...variants.mistral, ...json }).layers[0];

  it('tells a window of null from one that is not mentioned', () => {
    const { sliding_window: _, ...without } = variants.mistral!;
    expect(windowOf({ sliding_window: null })).not.toHaveProperty('window');
    expect(parseConfig(without).layers[0]).toMatchObject({ window: 4096 });
    expect(windowOf({ sliding_window: 7 })).toMatchObject({ window: 7 });
  });

  it('uses windows in a qwen2 only where it says so', () => {
    const windows = (json: Record<string, unknown>) =>
      parseConfig({ ...variants.qwen2, ...json }).layers.flatMap((layer) =>
        layer.kind === 'attention' ? [layer.window] : [],
      );
    expect(windows({})).toEqual([undefined, 3, 3]);
    expect(windows({ use_sliding_window: false })).toEqual([undefined, undefined, undefined]);
    expect(() =>
      windows({ use_sliding_window: false, layer_types: new Array(3).fill('sliding_attention') }),
    ).toThrow(/layer_types has sliding_attention/);
  });

  it.each([[[0, Number.POSITIVE_INFINITY]], [[0, { __float__: 'Infinity' }]], [[0, 'Infinity']], [null]])(
    'reads the time step limit %j as none',
    (time_step_limit) => {
      for (const name of ['bamba', 'falcon_h1'] as const) {
        const [first] = parseConfig({ ...variants[name], time_step_limit }).layers;
        const layer = first!.kind === 'parallel' ? first!.branches[0]!.layer : first!;
        expect(layer).toMatchObject({ timeStepLimit: [0, Number.POSITIVE_INFINITY] });
      }
    },
  );

  it('takes experts out of a jamba with one expert, and rounds gemma’s factor as bfloat16', () => {
    expect(patternOf(parseConfig({ ...variants.jamba, num_experts: 1, num_experts_per_tok: 1 }))).toBe(
      'M-*-M-',
    );
    const gemma = parseConfig({
      ...variants.recurrent_gemma,
      hidden_size: 2560,
      num_attention_heads: 10,
      num_key_value_heads: 1,
    });
    // √2560 = 50.596…; bfloat16 has 50.5 and 50.75.
    expect(gemma.multipliers?.embedding).toBe(50.5);
  });

  it('stretches rotations as YaRN does', () => {
    const [layer] = parseConfig(variants.mistral).layers;
    expect(layer).toMatchObject({ rope: { scaling: { kind: 'yarn', factor: 4, originalContextLength: 8 } } });
    // (0.1 · 1.5 ln 4 + 1) / (0.1 · 0.5 ln 4 + 1)
    const { scaling } = (layer as { rope: { scaling: { magnitude: number } } }).rope;
    expect(scaling.magnitude).toBeCloseTo(1.20794 / 1.06931, 4);
  });
});
