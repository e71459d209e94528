import type { HybridConfig } from '../../config/hybrid-config.js';
import type { LayerConfig } from '../../config/layer-configs.js';
import { headFields, headsJson } from '../fields/attention-fields.js';
import { commonFields, commonJson, epsilonOf, firstOf, onlySize, perBlock } from '../fields/block-fields.js';
import { expertCounts, expertFields } from '../fields/experts-fields.js';
import { mamba2Fields, mamba2Sizes, timeStepFields, timeStepLimit } from '../fields/mamba-fields.js';
import {
  flag,
  type GgufArchitecture,
  real,
  type TensorFacts,
  type WrittenFields,
  whole,
  wholes,
} from '../gguf-architecture.js';
import type { GgufMetadata } from '../gguf-metadata.js';
import { attentionRows, expertsRows, mamba2Rows, mlpRows } from '../layout/layer-rows.js';

const layout = {
  layersPerBlock: 1,
  norms: ['attn_norm.weight'],
  layers: { mamba2: mamba2Rows, attention: attentionRows, mlp: mlpRows, experts: expertsRows },
} as const;

/** Layers are told apart by sizes that are 0 where they are not; all with a width are of one kind. */
function readNemotron(metadata: GgufMetadata, facts: TensorFacts): Record<string, unknown> {
  const { hidden_size, vocab_size, tie_word_embeddings } = commonJson(metadata, facts);
  const widths = perBlock(metadata, '{arch}.feed_forward_length', 0);
  const keyHeads = perBlock(metadata, '{arch}.attention.head_count_kv', 0);
  const counts = expertCounts(metadata);
  const blocks = keyHeads.map((count, block) => {
    if (count > 0) return 'attention';
    if (widths[block]! > 0) return counts ? 'moe' : 'mlp';
    return 'mamba';
  });
  const { heads, headSize, stateSize, groups, kernelSize } = mamba2Sizes(metadata);
  const mamba = Math.max(blocks.indexOf('mamba'), 0);
  const mlp = Math.max(blocks.indexOf('mlp'), 0);
  return {
    model_type: 'nemotron_h',
    hidden_size,
    vocab_size,
    tie_word_embeddings,
    max_position_embeddings: metadata.size('{arch}.context_length'),
    layers_block_type: blocks,
    mamba_num_heads: heads,
    mamba_head_dim: headSize,
    ssm_state_size: stateSize,
    conv_kernel: kernelSize,
    n_groups: groups,
    ...(blocks.includes('attention') && headsJson(metadata)),
    ...(blocks.includes('mlp') && {
      intermediate_size: onlySize(metadata, '{arch}.feed_forward_length'),
      mlp_bias: facts.has(`blk.${mlp}.ffn_up.bias`),
    }),
    ...(counts && blocks.includes('moe') && expertsJson(metadata, counts)),
    mlp_hidden_act: 'relu2',
    layer_norm_epsilon: epsilonOf(metadata),
    // Without the key no bound is applied, as by other readers of the format.
    time_step_min: timeStepLimit(metadata)?.[0] ?? 0,
    use_conv_bias: facts.has(`blk.${mamba}.ssm_conv1d.bias`),
  };
}

function expertsJson(
  metadata: GgufMetadata,
  { experts, chosen }: { readonly experts: number; readonly chosen: number },
): Record<string, unknown> {
  const latent = metadata.optionalSize('{arch}.moe_latent_size');
  const width =
    metadata.raw('{arch}.expert_feed_forward_length') === undefined
      ? (onlySize(metadata, '{arch}.feed_forward_length') ?? 0) / chosen
      : onlySize(metadata, '{arch}.expert_feed_forward_length');
  return {
    n_routed_experts: experts,
    num_experts_per_tok: chosen,
    moe_intermediate_size: width,
    moe_shared_expert_intermediate_size: metadata.size('{arch}.expert_shared_feed_forward_length'),
    norm_topk_prob: metadata.flag('{arch}.expert_weights_norm') ?? false,
    routed_scaling_factor: metadata.number('{arch}.expert_weights_scale') ?? 1,
    n_group: metadata.optionalSize('{arch}.expert_group_count') ?? 1,
    topk_group: metadata.optionalSize('{arch}.expert_group_used_count') ?? 1,
    ...(latent !== undefined && { moe_latent_size: latent }),
  };
}

function writeNemotron(config: HybridConfig): WrittenFields {
  const { layers } = config;
  const mamba = firstOf(layers, 'mamba2');
  const experts = firstOf(layers, 'experts');
  return {
    fields: {
      ...commonFields(config, layers.length),
      'attention.layer_norm_epsilon': real(config.norm.epsilon),
      feed_forward_length: wholes(layers.map(widthOf)),
      ...headFields(layers, firstOf(layers, 'attention')),
      ...(mamba && mamba2Fields(mamba)),
      ...expertFields(experts),
      ...(experts && {
        expert_feed_forward_length: whole(experts.innerSize),
        expert_shared_count: whole(1),
        expert_weights_norm: flag(experts.router.isNormalized),
        expert_weights_scale: real(experts.router.scale),
        expert_group_count: whole(experts.router.groups?.count ?? 1),
        expert_group_used_count: whole(experts.router.groups?.chosen ?? 1),
        ...(experts.latent && { moe_latent_size: whole(experts.latent.size) }),
      }),
    },
    ...(mamba && { own: timeStepFields(mamba) }),
  };
}

function widthOf(layer: LayerConfig): number {
  return layer.kind === 'mlp' || layer.kind === 'experts' ? layer.innerSize : 0;
}

function hasExperts(config: HybridConfig): boolean {
  return config.layers.some((layer) => layer.kind === 'experts');
}

/** Nemotron-H: Mamba-2, attention without positions, and MLPs. */
export const nemotronHArchitecture: GgufArchitecture = {
  name: 'nemotron_h',
  families: ['nemotron_h'],
  accepts: (config) => !hasExperts(config),
  layout,
  readConfig: readNemotron,
  writeFields: writeNemotron,
};

/** Nemotron-H with experts in the place of MLPs. */
export const nemotronHMoeArchitecture: GgufArchitecture = {
  name: 'nemotron_h_moe',
  families: ['nemotron_h'],
  accepts: hasExperts,
  layout,
  readConfig: readNemotron,
  writeFields: writeNemotron,
};
