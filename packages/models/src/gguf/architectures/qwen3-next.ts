import { HybraError } from '@hybra/spec';
import { qwen3NextForms } from '../../families/qwen3-next-forms.js';
import { headFields, headsJson } from '../fields/attention-fields.js';
import {
  blockCount,
  commonFields,
  commonJson,
  epsilonOf,
  firstOf,
  mixersAndMlps,
  onlySize,
} from '../fields/block-fields.js';
import { expertCounts, expertFields } from '../fields/experts-fields.js';
import { mamba2Sizes } from '../fields/mamba-fields.js';
import { ropeFields } from '../fields/rope-fields.js';
import { ropeJson } from '../fields/rope-json.js';
import { type GgufArchitecture, whole } from '../gguf-architecture.js';
import type { GgufMetadata } from '../gguf-metadata.js';
import { attentionRows, expertsRows } from '../layout/layer-rows.js';
import type { PartForm } from '../layout/part-form.js';

/** In the order that the checkpoint of transformers has, head by head. */
const byHead: PartForm = (tensor, spec, { config }) =>
  qwen3NextForms(spec, config)[0]!.map((run) => ({ ...run, tensor }));

/** Queries, keys and values in one tensor and the gate in another. @param tensor the first one */
const gateApart: PartForm = (tensor, spec, { layer }) => {
  const [rows, width] = spec.shape as [number, number];
  const gateRows = layer.kind === 'deltaNet' ? layer.valueHeads * layer.valueSize : 0;
  const gate = tensor.replace('attn_qkv', 'attn_gate');
  return [
    { tensor, shape: [rows - gateRows, width], start: 0, count: (rows - gateRows) * width },
    { tensor: gate, shape: [gateRows, width], start: 0, count: gateRows * width },
  ];
};

/** Qwen3-Next: gated delta nets, gated attention, experts with a shared one. Norms are stored as they are used. */
export const qwen3NextArchitecture: GgufArchitecture = {
  name: 'qwen3next',
  families: ['qwen3_next'],
  layout: {
    layersPerBlock: 2,
    norms: ['attn_norm.weight', 'post_attention_norm.weight'],
    layers: {
      attention: [
        ['query.weight', 'attn_q.weight', byHead],
        ['gate.weight', 'attn_q.weight', byHead],
        ...attentionRows.filter(([part]) => !part.startsWith('query.')),
      ],
      deltaNet: [
        ['inProjection.weight', 'attn_qkv.weight', gateApart],
        // As files were written at first.
        ['inProjection.weight', 'ssm_in.weight', byHead],
        ['stepProjection.weight', 'ssm_ba.weight', byHead],
        ['convolution.weight', 'ssm_conv1d.weight'],
        ['timeStepBias', 'ssm_dt.bias'],
        ['logDecay', 'ssm_a'],
        ['norm.weight', 'ssm_norm.weight'],
        ['outProjection.weight', 'ssm_out.weight'],
      ],
      experts: expertsRows,
    },
  },
  readConfig(metadata, facts) {
    const heads = headsJson(metadata);
    const { heads: valueHeads, headSize, stateSize, groups, kernelSize } = mamba2Sizes(metadata);
    const counts = expertCounts(metadata);
    if (!counts) throw metadata.wrong('{arch}.expert_count', 'an integer from 1');
    const width = onlySize(metadata, '{arch}.expert_feed_forward_length');
    const feedForward = metadata.size('{arch}.feed_forward_length');
    return {
      ...commonJson(metadata, facts),
      ...heads,
      ...ropeJson(metadata, facts, heads.head_dim),
      model_type: 'qwen3_next',
      max_position_embeddings: metadata.size('{arch}.context_length'),
      intermediate_size: feedForward,
      layer_types: layerTypes(metadata),
      linear_conv_kernel_dim: kernelSize,
      linear_key_head_dim: stateSize,
      linear_num_key_heads: groups,
      linear_num_value_heads: valueHeads,
      linear_value_head_dim: headSize,
      num_experts: counts.experts,
      num_experts_per_tok: counts.chosen,
      moe_intermediate_size: width ?? feedForward / counts.chosen,
      shared_expert_intermediate_size:
        metadata.optionalSize('{arch}.expert_shared_feed_forward_length') ?? feedForward,
      norm_topk_prob: true,
      rms_norm_eps: epsilonOf(metadata),
    };
  },
  writeFields(config) {
    const { mixers, mlps } = mixersAndMlps(config);
    const attention = firstOf(mixers, 'attention');
    const deltaNet = firstOf(mixers, 'deltaNet');
    const experts = firstOf(mlps, 'experts');
    if (deltaNet && deltaNet.valueSize !== deltaNet.keySize) {
      throw new HybraError(
        'E_CONFIG',
        `GGUF: llama.cpp takes qwen3next with values as wide as keys only; this model has ${deltaNet.valueSize} and ${deltaNet.keySize}.`,
        { family: config.family },
      );
    }
    return {
      fields: {
        ...commonFields(config, mixers.length),
        // Every block has key-value heads here: another key says which are attention.
        ...(attention && headFields([attention], attention)),
        ...(attention?.rope && ropeFields(attention.rope).fields),
        'attention.recurrent_layers': {
          type: 'array',
          of: 'bool',
          value: mixers.map((layer) => layer.kind === 'deltaNet'),
        },
        feed_forward_length: whole(experts?.innerSize ?? 0),
        ...expertFields(experts),
        ...(experts && { expert_feed_forward_length: whole(experts.innerSize) }),
        ...(deltaNet && {
          'ssm.conv_kernel': whole(deltaNet.kernelSize),
          'ssm.state_size': whole(deltaNet.keySize),
          'ssm.group_count': whole(deltaNet.keyHeads),
          'ssm.time_step_rank': whole(deltaNet.valueHeads),
          'ssm.inner_size': whole(deltaNet.valueHeads * deltaNet.valueSize),
        }),
      },
    };
  },
};

function layerTypes(metadata: GgufMetadata): string[] {
  const blocks = blockCount(metadata);
  const stated = metadata.flags('{arch}.attention.recurrent_layers');
  if (stated && stated.length < blocks) {
    throw metadata.wrong('{arch}.attention.recurrent_layers', `true or false for each of ${blocks} blocks`);
  }
  const interval = metadata.optionalSize('{arch}.full_attention_interval') ?? 4;
  return Array.from({ length: blocks }, (_, block) =>
    (stated ? stated[block] : (block + 1) % interval !== 0) ? 'linear_attention' : 'full_attention',
  );
}
