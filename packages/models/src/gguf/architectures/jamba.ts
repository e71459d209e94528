import { HybraError } from '@hybra/spec';
import { headFields, headsJson } from '../fields/attention-fields.js';
import {
  blockCount,
  commonFields,
  commonJson,
  epsilonOf,
  firstOf,
  mixersAndMlps,
  perBlock,
} from '../fields/block-fields.js';
import { expertCounts, expertFields } from '../fields/experts-fields.js';
import { mambaFields } from '../fields/mamba-fields.js';
import { type GgufArchitecture, whole } from '../gguf-architecture.js';
import { attentionRows, expertsRows, mambaRows, mlpRows } from '../layout/layer-rows.js';

/** Jamba: Mamba with norms inside, attention without positions, MLPs and experts. */
export const jambaArchitecture: GgufArchitecture = {
  name: 'jamba',
  families: ['jamba'],
  layout: {
    layersPerBlock: 2,
    norms: ['attn_norm.weight', 'ffn_norm.weight'],
    layers: { mamba: mambaRows, attention: attentionRows, mlp: mlpRows, experts: expertsRows },
  },
  readConfig(metadata, facts) {
    const blocks = blockCount(metadata);
    const keyHeads = perBlock(metadata, '{arch}.attention.head_count_kv', 0);
    const mamba = Math.max(keyHeads.indexOf(0), 0);
    const counts = expertCounts(metadata);
    // Only the tensors say which blocks have experts.
    const withExperts = Array.from({ length: blocks }, (_, block) => block).filter((block) =>
      facts.has(`blk.${block}.ffn_gate_inp.weight`),
    );
    return {
      ...commonJson(metadata, facts),
      ...headsJson(metadata),
      model_type: 'jamba',
      max_position_embeddings: metadata.size('{arch}.context_length'),
      intermediate_size: metadata.size('{arch}.feed_forward_length'),
      layers_block_type: keyHeads.map((count) => (count > 0 ? 'attention' : 'mamba')),
      mamba_d_conv: metadata.size('{arch}.ssm.conv_kernel'),
      mamba_d_state: metadata.size('{arch}.ssm.state_size'),
      mamba_dt_rank: metadata.size('{arch}.ssm.time_step_rank'),
      mamba_expand: metadata.size('{arch}.ssm.inner_size') / metadata.size('{arch}.embedding_length'),
      mamba_conv_bias: facts.has(`blk.${mamba}.ssm_conv1d.bias`),
      mamba_proj_bias: false,
      rms_norm_eps: epsilonOf(metadata),
      ...(counts && withExperts.length > 0
        ? {
            num_experts: counts.experts,
            num_experts_per_tok: counts.chosen,
            ...expertPeriod(withExperts, blocks),
          }
        : { num_experts: 1, num_experts_per_tok: 1 }),
    };
  },
  writeFields(config) {
    const { mixers, mlps } = mixersAndMlps(config);
    const experts = firstOf(mlps, 'experts');
    const mamba = firstOf(mixers, 'mamba');
    return {
      fields: {
        ...commonFields(config, mixers.length),
        ...headFields(mixers, firstOf(mixers, 'attention')),
        feed_forward_length: whole((experts ?? firstOf(mlps, 'mlp'))?.innerSize ?? 0),
        ...(mamba && mambaFields(mamba)),
        ...expertFields(experts),
      },
    };
  },
};

/** The period and offset by which Jamba says which blocks have experts. @throws E_CONFIG where there are none such */
function expertPeriod(
  withExperts: readonly number[],
  blocks: number,
): { readonly expert_layer_period: number; readonly expert_layer_offset: number } {
  const offset = withExperts[0]!;
  const period = (withExperts[1] ?? offset + blocks) - offset;
  const expected = Math.ceil((blocks - offset) / period);
  const isEven = withExperts.every((block, index) => block === offset + index * period);
  if (isEven && offset < period && withExperts.length === expected) {
    return { expert_layer_period: period, expert_layer_offset: offset };
  }
  throw new HybraError(
    'E_CONFIG',
    'GGUF: jamba has its experts in every so many blocks; this file has not.',
    {
      blocks: withExperts,
    },
  );
}
