import { HybraError } from '@hybra/spec';
import { headFields, headsJson } from '../fields/attention-fields.js';
import {
  commonFields,
  commonJson,
  epsilonOf,
  firstOf,
  mixersAndMlps,
  perBlock,
} from '../fields/block-fields.js';
import { expertCounts, expertFields } from '../fields/experts-fields.js';
import { bambaMamba2Json, mamba2Fields, timeStepFields } from '../fields/mamba-fields.js';
import { ropeFields } from '../fields/rope-fields.js';
import { ropeJson } from '../fields/rope-json.js';
import { flag, type GgufArchitecture, real, type TensorFacts, whole } from '../gguf-architecture.js';
import type { GgufMetadata } from '../gguf-metadata.js';
import type { GgufLayout } from '../layout/gguf-layout.js';
import {
  expertsRows,
  mamba2Rows,
  mlpRows,
  pairedAttentionRows,
  wholeHeadAttentionRows,
} from '../layout/layer-rows.js';

/** Factors that Granite always states and Bamba does not have. */
const scales = {
  attention: '{arch}.attention.scale',
  embedding: '{arch}.embedding_scale',
  residual: '{arch}.residual_scale',
  logits: '{arch}.logit_scale',
} as const;

/**
 * Whether the rows of queries and keys lie in pairs where they are rotated only, as llama.cpp rotates them. Its own
 * conversion moves whole heads, which is another order where half of them is rotated, as in Bamba: its files read right
 * here, and as another model there.
 */
const pairsKey = 'hybra.rope_pairs_rotated_rows';

const layout: GgufLayout = {
  layersPerBlock: 2,
  norms: ['attn_norm.weight', 'ffn_norm.weight'],
  layers: { mamba2: mamba2Rows, attention: pairedAttentionRows, mlp: mlpRows, experts: expertsRows },
};

/** Granite 4's hybrids, dense or with experts beside an MLP, and Bamba. Rotates neighbours, or not at all. */
export const graniteHybridArchitecture: GgufArchitecture = {
  name: 'granitehybrid',
  families: ['granitemoehybrid', 'bamba'],
  layout,
  layoutOf: (metadata) =>
    metadata.flag(pairsKey)
      ? layout
      : { ...layout, layers: { ...layout.layers, attention: wholeHeadAttentionRows } },
  readConfig(metadata, facts) {
    const isGranite =
      Object.values(scales).some((key) => metadata.raw(key) !== undefined) ||
      expertCounts(metadata) !== undefined;
    const keyHeads = perBlock(metadata, '{arch}.attention.head_count_kv', 0);
    const attention = keyHeads.flatMap((count, block) => (count > 0 ? [block] : []));
    const heads = headsJson(metadata);
    const isRotated = metadata.flag('{arch}.rope.scaling.finetuned') ?? true;
    const shared = {
      ...commonJson(metadata, facts),
      ...heads,
      ...(isRotated && attention.length > 0 && ropeJson(metadata, facts, heads.head_dim)),
      ...bambaMamba2Json(metadata, facts.has(`blk.${Math.max(keyHeads.indexOf(0), 0)}.ssm_conv1d.bias`)),
      max_position_embeddings: metadata.size('{arch}.context_length'),
      attention_bias: facts.has(`blk.${attention[0] ?? 0}.attn_q.bias`),
      rms_norm_eps: epsilonOf(metadata),
    };
    if (isGranite) return { ...shared, ...graniteJson(metadata, keyHeads, isRotated) };
    if (!isRotated && attention.length > 0) {
      throw metadata.wrong('{arch}.rope.scaling.finetuned', 'true, or the factors of Granite');
    }
    return { ...shared, ...bambaJson(metadata, facts, attention) };
  },
  writeFields(config) {
    const { mixers, mlps } = mixersAndMlps(config);
    const attention = firstOf(mixers, 'attention');
    const mamba2 = firstOf(mixers, 'mamba2');
    const experts = firstOf(mlps, 'experts');
    const mlp = firstOf(mlps, 'mlp');
    const { embedding = 1, residual = 1, logits = 1 } = config.multipliers ?? {};
    const rope = attention?.rope && ropeFields(attention.rope, { hasDivisors: true });
    return {
      fields: {
        ...commonFields(config, mixers.length),
        ...headFields(mixers, attention),
        ...rope?.fields,
        'rope.scaling.finetuned': flag(rope !== undefined),
        feed_forward_length: whole((experts ?? mlp)?.innerSize ?? 0),
        ...(mamba2 && mamba2Fields(mamba2)),
        ...expertFields(experts),
        ...(config.family === 'granitemoehybrid' && {
          'attention.scale': real(attention?.scale ?? 1),
          embedding_scale: real(embedding),
          residual_scale: real(residual),
          logit_scale: real(1 / logits),
        }),
      },
      own: {
        ...(mamba2 && timeStepFields(mamba2)),
        ...(attention?.rope && { [pairsKey]: flag(true) }),
      },
      ...(rope?.tensors && { tensors: rope.tensors }),
    };
  },
};

function graniteJson(
  metadata: GgufMetadata,
  keyHeads: readonly number[],
  isRotated: boolean,
): Record<string, unknown> {
  if (metadata.size('{arch}.ssm.group_count') > 1) {
    throw new HybraError(
      'E_CONFIG',
      'GGUF: llama.cpp normalises each group of Mamba-2 by itself, Granite all together: with more than one group they are two models. Use the checkpoint in safetensors.',
      { key: '{arch}.ssm.group_count' },
    );
  }
  const counts = expertCounts(metadata);
  const width = metadata.size('{arch}.feed_forward_length');
  return {
    model_type: 'granitemoehybrid',
    layer_types: keyHeads.map((count) => (count > 0 ? 'attention' : 'mamba')),
    position_embedding_type: isRotated ? 'rope' : 'nope',
    // 0 asks llama.cpp for the usual scale.
    attention_multiplier: metadata.number(scales.attention) || headsJson(metadata).head_dim ** -0.5,
    embedding_multiplier: metadata.number(scales.embedding) || 1,
    residual_multiplier: metadata.number(scales.residual) || 1,
    logits_scaling: metadata.number(scales.logits) || 1,
    ...(counts
      ? {
          num_local_experts: counts.experts,
          num_experts_per_tok: counts.chosen,
          intermediate_size: width,
          shared_intermediate_size: metadata.size('{arch}.expert_shared_feed_forward_length'),
        }
      : {
          num_local_experts: 0,
          num_experts_per_tok: 0,
          intermediate_size: width,
          shared_intermediate_size: width,
        }),
  };
}

function bambaJson(
  metadata: GgufMetadata,
  facts: TensorFacts,
  attention: readonly number[],
): Record<string, unknown> {
  return {
    model_type: 'bamba',
    attn_layer_indices: attention,
    intermediate_size: metadata.size('{arch}.feed_forward_length'),
    mlp_bias: facts.has('blk.0.ffn_up.bias'),
  };
}
