import type { HybridConfig } from '../../config/hybrid-config.js';
import type {
  AttentionConfig,
  LayerConfig,
  Mamba2Config,
  ParallelConfig,
} from '../../config/layer-configs.js';
import type { ParameterSpec } from '../../config/parameter-spec.js';
import { layerParameter } from '../../families/part-names.js';
import { headFields, headsJson } from '../fields/attention-fields.js';
import { commonFields, commonJson, epsilonOf, firstOf, mixersAndMlps } from '../fields/block-fields.js';
import { bambaMamba2Json, mamba2Fields, mamba2Sizes, timeStepFields } from '../fields/mamba-fields.js';
import { ropeFields } from '../fields/rope-fields.js';
import { ropeJson } from '../fields/rope-json.js';
import { type GgufArchitecture, type RowFactor, whole } from '../gguf-architecture.js';
import { attentionRows, mamba2Rows, mlpRows } from '../layout/layer-rows.js';

/** Falcon-H1: Mamba-2 and attention side by side. The multipliers of μP are in the weights. */
export const falconH1Architecture: GgufArchitecture = {
  name: 'falcon-h1',
  families: ['falcon_h1'],
  layout: {
    layersPerBlock: 2,
    // The second one has no ending in llama.cpp.
    norms: ['attn_norm.weight', 'ffn_norm'],
    layers: { mamba2: mamba2Rows, attention: attentionRows, mlp: mlpRows },
  },
  readConfig(metadata, facts) {
    const heads = headsJson(metadata);
    const hasNorm = facts.has('blk.0.ssm_norm.weight');
    return {
      ...commonJson(metadata, facts),
      ...heads,
      ...ropeJson(metadata, facts, heads.head_dim),
      ...bambaMamba2Json(metadata, facts.has('blk.0.ssm_conv1d.bias')),
      model_type: 'falcon_h1',
      mamba_d_ssm: mamba2Sizes(metadata).inner,
      mamba_rms_norm: hasNorm,
      mamba_norm_before_gate: !hasNorm,
      max_position_embeddings: metadata.size('{arch}.context_length'),
      intermediate_size: metadata.size('{arch}.feed_forward_length'),
      attention_bias: facts.has('blk.0.attn_q.bias'),
      mlp_bias: facts.has('blk.0.ffn_up.bias'),
      rms_norm_eps: epsilonOf(metadata),
    };
  },
  writeFields(config) {
    const { mixers, mlps } = mixersAndMlps(config);
    const { mamba2, attention } = branchesOf(mixers[0]);
    return {
      fields: {
        ...commonFields(config, mixers.length),
        ...(attention && headFields([attention.layer], attention.layer)),
        ...(attention?.layer.rope && ropeFields(attention.layer.rope).fields),
        feed_forward_length: whole(firstOf(mlps, 'mlp')?.innerSize ?? 0),
        ...(mamba2 && mamba2Fields(mamba2.layer)),
      },
      ...(mamba2 && { own: timeStepFields(mamba2.layer) }),
    };
  },
  factors,
  withoutFactors,
};

interface Branch<Layer extends LayerConfig> {
  readonly layer: Layer;
  /** What its input and its output are multiplied by. */
  readonly input: number;
  readonly output: number;
}

function branchesOf(mixer: LayerConfig | undefined): {
  readonly mamba2?: Branch<Mamba2Config>;
  readonly attention?: Branch<AttentionConfig>;
} {
  const found: { mamba2?: Branch<Mamba2Config>; attention?: Branch<AttentionConfig> } = {};
  for (const { layer, inputMultiplier: input = 1, outputMultiplier: output = 1 } of branchList(mixer)) {
    if (layer.kind === 'mamba2') found.mamba2 = { layer, input, output };
    if (layer.kind === 'attention') found.attention = { layer, input, output };
  }
  return found;
}

function branchList(mixer: LayerConfig | undefined): ParallelConfig['branches'] {
  return mixer?.kind === 'parallel' ? mixer.branches : [];
}

function factors(spec: ParameterSpec, config: HybridConfig): readonly RowFactor[] | undefined {
  const rows = spec.shape[0]!;
  const all = (factor: number): readonly RowFactor[] => [[rows, factor]];
  const { embedding = 1, logits = 1 } = config.multipliers ?? {};
  if (spec.name === 'embedding.weight') return all(embedding);
  if (spec.name === 'head.weight') return all(logits);
  const found = layerParameter(spec.name);
  if (!found || found.isNorm) return undefined;
  const layer = config.layers[found.layer]!;
  if (layer.kind === 'mlp') {
    const { gate, output } = layer.multipliers ?? { gate: 1, output: 1 };
    if (found.part.startsWith('gate.')) return all(gate);
    return found.part.startsWith('down.') ? all(output) : undefined;
  }
  const { mamba2, attention } = branchesOf(layer);
  switch (found.part) {
    case 'mamba2.inProjection.weight':
      return mamba2 && projectedFactors(mamba2);
    case 'mamba2.outProjection.weight':
      return mamba2 && all(mamba2.output);
    case 'attention.query.weight':
    case 'attention.value.weight':
      return attention && all(attention.input);
    case 'attention.key.weight':
      return attention && all(attention.input * keyFactor(attention.layer));
    case 'attention.key.bias':
      return attention && all(keyFactor(attention.layer));
    case 'attention.output.weight':
    case 'attention.output.bias':
      return attention && all(attention.output);
    default:
      return undefined;
  }
}

/** What keys are multiplied by, which we have in the scale of their products with queries. */
function keyFactor({ scale, headSize }: AttentionConfig): number {
  return (scale ?? headSize ** -0.5) * Math.sqrt(headSize);
}

/** Rows z, x, B, C and time step. */
function projectedFactors({ layer, input }: Branch<Mamba2Config>): readonly RowFactor[] {
  const inner = layer.heads * layer.headSize;
  const maps = layer.groups * layer.stateSize;
  const factors = layer.multipliers ?? [1, 1, 1, 1, 1];
  return [inner, inner, maps, maps, layer.heads].map((rows, index) => [rows, factors[index]! * input]);
}

function withoutFactors(config: HybridConfig): HybridConfig {
  const { embedding = 1, logits = 1 } = config.multipliers ?? {};
  // A head that is the embedding has the embedding's factor in it.
  const left = config.isTied ? logits / embedding : 1;
  return {
    ...config,
    layers: config.layers.map((layer) => {
      if (layer.kind === 'mlp') return { ...layer, multipliers: { gate: 1, output: 1 } };
      if (layer.kind !== 'parallel') return layer;
      return {
        ...layer,
        branches: layer.branches.map((branch) => ({
          layer: plainBranch(branch.layer),
          inputMultiplier: 1,
          outputMultiplier: 1,
        })),
      };
    }),
    multipliers: { embedding: 1, logits: left },
  };
}

function plainBranch<Layer extends ParallelConfig['branches'][number]['layer']>(layer: Layer): Layer {
  if (layer.kind === 'attention') return { ...layer, scale: layer.headSize ** -0.5 };
  if (layer.kind !== 'mamba2') return layer;
  const isNormed = layer.gatedNorm !== 'none';
  return { ...layer, multipliers: [1, 1, 1, 1, 1], ...(!isNormed && { normBeforeGate: true }) };
}
