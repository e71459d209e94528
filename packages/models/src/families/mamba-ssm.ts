import type { HybridConfig } from '../config/hybrid-config.js';
import type { LayerConfig, MlpConfig } from '../config/layer-configs.js';
import * as bounds from '../parse/bounds.js';
import { ConfigReader } from '../parse/config-reader.js';
import type { Family } from './family.js';
import { readSsmAttention } from './mamba-ssm-attention.js';
import { mambaSsmForms } from './mamba-ssm-forms.js';
import { readSsmMixer } from './mamba-ssm-mixer.js';
import { tiedHead } from './tied-head.js';

/**
 * The layout of state-spaces/mamba itself: a `config.json` without `model_type`, with `d_model` and `ssm_cfg`, and a
 * `pytorch_model.bin`. What the configuration does not say is the default of a Python constructor
 * (mamba_ssm/models/config_mamba.py and modules/ at e9594ce).
 */
export const mambaSsmFamily: Family = {
  modelType: 'mamba_ssm',
  parseConfig,
  storedForms: mambaSsmForms,
  ignoredTensors: tiedHead,
};

/** Whether a `config.json` is of this layout. */
export function isMambaSsmConfig(json: object): boolean {
  return (
    !Object.hasOwn(json, 'model_type') && Object.hasOwn(json, 'd_model') && Object.hasOwn(json, 'n_layer')
  );
}

function parseConfig(json: unknown): HybridConfig {
  const reader = new ConfigReader('mamba_ssm', json);
  reader.ignore(['residual_in_fp32', 'fused_add_norm']);
  const hiddenSize = reader.integer('d_model', bounds.size, 2560);
  const blocks = reader.integer('n_layer', bounds.layerCount, 64);
  const mixer = readSsmMixer(nested(reader, 'ssm_cfg'), hiddenSize);
  const places = reader.optionalIntegers('attn_layer_idx', { low: 0, high: blocks - 1 }, blocks) ?? [];
  const attentionKeys = nested(reader, 'attn_cfg');
  const attention = places.length > 0 ? readSsmAttention(attentionKeys, hiddenSize) : undefined;
  const mlp = readMlp(reader);
  const multiple = reader.integer('pad_vocab_size_multiple', bounds.size, 8);
  const vocabulary = reader.integer('vocab_size', bounds.largeSize, 50_277);
  const isRms = reader.boolean('rms_norm', true);
  const config: HybridConfig = {
    family: 'mamba_ssm',
    // Tables are padded to a multiple.
    vocabularySize: multiple * Math.ceil(vocabulary / multiple),
    hiddenSize,
    layers: Array.from({ length: blocks }, (_, block): LayerConfig[] => {
      const chosen = attention && places.includes(block) ? attention : mixer;
      return mlp ? [chosen, mlp] : [chosen];
    }).flat(),
    norm: { kind: isRms ? 'rms' : 'layer', epsilon: 1e-5 },
    isTied: reader.boolean('tie_embeddings', true),
  };
  reader.finish();
  return config;
}

/** The gated MLP after every mixer, if there is one; its width is rounded up to 128. */
function readMlp(reader: ConfigReader): MlpConfig | undefined {
  const stated = reader.integer('d_intermediate', { low: 0, high: bounds.largeSize.high }, 0);
  if (stated === 0) return undefined;
  const innerSize = 128 * Math.ceil(stated / 128);
  return { kind: 'mlp', innerSize, activation: 'silu', gated: true, bias: false };
}

function nested(reader: ConfigReader, key: string): ConfigReader {
  const value = reader.optional(key, 'an object', (candidate) =>
    typeof candidate === 'object' && !Array.isArray(candidate) ? candidate : undefined,
  );
  return new ConfigReader(`${reader.family}.${key}`, value ?? {}, []);
}
