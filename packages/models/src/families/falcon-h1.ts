import type { HybridConfig } from '../config/hybrid-config.js';
import type { AttentionConfig, Mamba2Config, MlpConfig, ParallelConfig } from '../config/layer-configs.js';
import type { ParameterSpec } from '../config/parameter-spec.js';
import { mlpActivations } from '../parse/activations.js';
import { readAttentionHeads } from '../parse/attention-heads.js';
import { blocksOf } from '../parse/blocks-of.js';
import * as bounds from '../parse/bounds.js';
import { ConfigReader } from '../parse/config-reader.js';
import { readMamba2Keys } from '../parse/mamba2-keys.js';
import { rejectOtherShapes } from '../parse/reject-other-shapes.js';
import { readRope, ropeContextLength } from '../parse/rope.js';
import { blockNames } from './block-names.js';
import type { Family } from './family.js';
import { layerParameter, partOnDisk } from './part-names.js';
import { namedForms, type StoredForm, tensorShape, wholeTensor } from './stored-form.js';
import { tiedHead } from './tied-head.js';

/** FalconH1ForCausalLM: Mamba-2 and attention side by side in every block, and μP's multipliers everywhere. */
export const falconH1Family: Family = {
  modelType: 'falcon_h1',
  parseConfig,
  storedForms,
  ignoredTensors: tiedHead,
};

function parseConfig(json: unknown): HybridConfig {
  const reader = new ConfigReader('falcon_h1', json);
  rejectOtherShapes(reader);
  reader.ignore(['attention_dropout', 'initializer_range', 'num_logits_to_keep', 'mlp_expansion_factor']);
  reader.only('mamba_use_mlp', [true], 'every block has an MLP');
  reader.only('attn_layer_indices', [], 'every block has attention');
  const multiplier = (key: string): number => reader.number(key, bounds.multiplier, 1);
  const hiddenSize = reader.integer('hidden_size', bounds.size, 4096);
  const contextLength = reader.integer('max_position_embeddings', bounds.contextLength, 8192);
  const epsilon = reader.number('rms_norm_eps', bounds.epsilon, 1e-5);
  const heads = readAttentionHeads(reader, { hiddenSize, heads: 32, keyValueHeads: 8 });
  const rope = readRope(reader, { headSize: heads.headSize, theta: 10_000, contextLength });
  const attention: AttentionConfig = {
    kind: 'attention',
    ...heads,
    bias: reader.boolean('attention_bias', false),
    rope,
    // A factor on the keys is one on their products with queries.
    scale: multiplier('key_multiplier') * heads.headSize ** -0.5,
  };
  const mixer: ParallelConfig = {
    kind: 'parallel',
    branches: [
      {
        layer: readMamba2(reader, { hiddenSize, normEpsilon: epsilon }),
        inputMultiplier: multiplier('ssm_in_multiplier'),
        outputMultiplier: multiplier('ssm_out_multiplier'),
      },
      {
        layer: attention,
        inputMultiplier: multiplier('attention_in_multiplier'),
        outputMultiplier: multiplier('attention_out_multiplier'),
      },
    ],
  };
  const [gate, output] = reader.numbers('mlp_multipliers', bounds.multiplier, [1, 1]) as [number, number];
  const mlp: MlpConfig = {
    kind: 'mlp',
    innerSize: reader.integer('intermediate_size', bounds.largeSize, 14_336),
    activation: reader.choice('hidden_act', mlpActivations, 'silu'),
    gated: true,
    bias: reader.boolean('mlp_bias', false),
    multipliers: { gate, output },
  };
  const config: HybridConfig = {
    family: 'falcon_h1',
    vocabularySize: reader.integer('vocab_size', bounds.largeSize, 128_000),
    hiddenSize,
    contextLength: ropeContextLength(contextLength, rope),
    layers: blocksOf(reader.integer('num_hidden_layers', bounds.layerCount, 32), () => [mixer, mlp]),
    norm: { kind: 'rms', epsilon },
    isTied: reader.boolean('tie_word_embeddings', false),
    multipliers: {
      embedding: multiplier('embedding_multiplier'),
      logits: multiplier('lm_head_multiplier'),
    },
  };
  reader.finish();
  return config;
}

function readMamba2(
  reader: ConfigReader,
  options: { readonly hiddenSize: number; readonly normEpsilon: number },
): Mamba2Config {
  // `null` asks for expand times hidden; without the key there is the class's own default.
  const innerSize = reader.isNull('mamba_d_ssm')
    ? undefined
    : reader.integer('mamba_d_ssm', bounds.size, 1024);
  reader.ignore(['mamba_d_ssm']);
  const layer = readMamba2Keys(reader, { ...options, ...(innerSize !== undefined && { innerSize }) });
  const multipliers = reader.numbers('ssm_multipliers', bounds.multiplier, [1, 1, 1, 1, 1]);
  const hasNorm = reader.boolean('mamba_rms_norm', false);
  return {
    ...layer,
    outputBias: reader.boolean('projectors_bias', false),
    normBeforeGate: reader.boolean('mamba_norm_before_gate', true),
    ...(!hasNorm && { gatedNorm: 'none' }),
    multipliers: multipliers as unknown as NonNullable<Mamba2Config['multipliers']>,
  };
}

const named = namedForms(
  blockNames({
    finalNorm: 'model.final_layernorm',
    mixerNorm: 'input_layernorm',
    mlpNorm: 'pre_ff_layernorm',
    mixers: {},
    mlp: 'feed_forward',
  }),
);

function storedForms(spec: ParameterSpec, config: HybridConfig): readonly StoredForm[] {
  const found = layerParameter(spec.name);
  if (!found || found.isNorm || found.layer % 2 === 1) return named(spec, config);
  const [branch, ...rest] = found.part.split('.');
  const module = branch === 'mamba2' ? 'mamba' : 'self_attn';
  const name = `model.layers.${found.layer / 2}.${module}.${partOnDisk(rest.join('.'))}`;
  return [wholeTensor(name, tensorShape(spec))];
}
