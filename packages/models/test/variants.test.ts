import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { bytesDirectory, type Directory, encodeSafetensors } from '@hybra/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  familyOf,
  type HostWeights,
  initialWeights,
  loadModel,
  type Model,
  modelFromWeights,
  parameterSpecs,
  tensorShape,
} from '../src/index.js';
import { largestError, runModel } from './support/model-runner.js';

// What the goldens do not have: biases everywhere, none in the convolution, tied heads, widths of their own.
const variants: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  mamba: {
    model_type: 'mamba',
    hidden_size: 24,
    vocab_size: 40,
    num_hidden_layers: 2,
    expand: 1.5,
    use_bias: true,
    use_conv_bias: false,
    conv_kernel: 2,
    tie_word_embeddings: false,
  },
  mamba2: {
    model_type: 'mamba2',
    hidden_size: 24,
    vocab_size: 40,
    num_hidden_layers: 2,
    num_heads: 6,
    head_dim: 8,
    state_size: 8,
    n_groups: 3,
    use_bias: true,
    use_conv_bias: false,
    chunk_size: 3,
    time_step_limit: [0.01, 0.05],
    tie_word_embeddings: true,
  },
  llama: {
    model_type: 'llama',
    hidden_size: 24,
    vocab_size: 40,
    num_hidden_layers: 2,
    intermediate_size: 20,
    num_attention_heads: 4,
    num_key_value_heads: 1,
    head_dim: 10,
    attention_bias: true,
    mlp_bias: true,
    hidden_act: 'gelu',
    partial_rotary_factor: 0.4,
    tie_word_embeddings: true,
  },
  nemotron_h: {
    model_type: 'nemotron_h',
    hidden_size: 24,
    vocab_size: 40,
    hybrid_override_pattern: 'M*-M',
    mamba_num_heads: 3,
    mamba_head_dim: 4,
    ssm_state_size: 8,
    n_groups: 3,
    num_attention_heads: 2,
    num_key_value_heads: 2,
    head_dim: 6,
    intermediate_size: 20,
    mlp_hidden_act: 'silu',
    use_bias: true,
    use_conv_bias: false,
    attention_bias: true,
    mlp_bias: true,
    tie_word_embeddings: true,
  },
};

/** Initial weights with nothing left at 0 or 1, so that each one shows in the logits. */
function livelyWeights(config: Parameters<typeof initialWeights>[0]): HostWeights {
  return new Map(
    [...initialWeights(config, 11)].map(([name, values], index) => [
      name,
      values.map((value, at) => value + 0.1 * Math.sin(index + at * 0.7)),
    ]),
  );
}

function written(json: Readonly<Record<string, unknown>>, weights: HostWeights): Directory {
  const family = familyOf(json);
  const tensors = parameterSpecs(family.parseConfig(json)).map((spec) => {
    const { buffer, byteOffset, byteLength } = weights.get(spec.name)!;
    return {
      name: family.tensorNames(spec.name)[0]!,
      dtype: 'f32' as const,
      shape: tensorShape(spec),
      bytes: new Uint8Array(buffer, byteOffset, byteLength),
    };
  });
  return bytesDirectory({
    'config.json': new TextEncoder().encode(JSON.stringify(json)),
    'model.safetensors': encodeSafetensors({ tensors, metadata: {} }),
  });
}

describe.each(Object.entries(variants))('%s', (_, json) => {
  let device: Device;
  beforeAll(async () => {
    device = await cpu().open();
  });
  afterAll(() => device.dispose());

  const ids = Array.from({ length: 11 }, (_, index) => (index * 17 + 3) % 40);

  function logits(model: Model): Promise<Float32Array> {
    return runModel(model, { slots: 1, capacity: 16 }).forward({ ids: [ids], slots: [0], starts: [0] });
  }

  it('written under the names of its family loads as the same model', async () => {
    const config = familyOf(json).parseConfig(json);
    const weights = livelyWeights(config);
    const loaded = await loadModel(written(json, weights), { device });
    const made = await modelFromWeights(config, weights, { device });
    expect(loaded.fingerprint).toBe(made.fingerprint);
    expect(await logits(loaded)).toEqual(await logits(made));
  });

  it('uses every one of its parameters', async () => {
    const config = familyOf(json).parseConfig(json);
    const weights = livelyWeights(config);
    const before = await logits(await modelFromWeights(config, weights, { device }));
    // Softmax does not see a bias that all keys share, unless they are rotated by different angles.
    const isInvisible = (name: string) => name.endsWith('key.bias') && json.model_type !== 'llama';
    for (const name of weights.keys()) {
      const moved = new Map(weights).set(
        name,
        weights.get(name)!.map((value) => value * 1.5 + 0.25),
      );
      const after = await logits(await modelFromWeights(config, moved, { device }));
      const error = largestError(after, before);
      if (isInvisible(name)) expect(error, name).toBeLessThan(1e-5);
      else expect(error, name).toBeGreaterThan(1e-4);
    }
  });

  it('gives the same step by step', async () => {
    const config = familyOf(json).parseConfig(json);
    const model = await modelFromWeights(config, livelyWeights(config), { device });
    const all = await logits(model);
    const stepped = runModel(model, { slots: 1, capacity: 16 });
    for (const [index, id] of ids.entries()) {
      const got = await stepped.forward({ ids: [[id]], slots: [0], starts: [index] });
      expect(largestError(got, all.slice(index * 40, (index + 1) * 40))).toBeLessThan(2e-5);
    }
  });
});
