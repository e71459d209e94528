import { HybraError } from '@hybra/spec';
import type { AttentionConfig, Mamba2Config, MlpConfig } from '../../config/layer-configs.js';
import { type GgufArchitecture, real, whole } from '../gguf-architecture.js';
import { mamba2Fields, mamba2Rows, timeStepLimitKey } from './mamba2.js';

/** Nemotron-H: Mamba-2, attention without positions, and MLP layers, told apart by sizes that are 0 where they are not. */
export const nemotronHArchitecture: GgufArchitecture = {
  name: 'nemotron_h',
  families: ['nemotron_h'],
  rows: [
    ...mamba2Rows,
    ['backbone.layers.{l}.mixer.q_proj.weight', 'blk.{l}.attn_q.weight'],
    ['backbone.layers.{l}.mixer.k_proj.weight', 'blk.{l}.attn_k.weight'],
    ['backbone.layers.{l}.mixer.v_proj.weight', 'blk.{l}.attn_v.weight'],
    ['backbone.layers.{l}.mixer.o_proj.weight', 'blk.{l}.attn_output.weight'],
    ['backbone.layers.{l}.mixer.up_proj.weight', 'blk.{l}.ffn_up.weight'],
    ['backbone.layers.{l}.mixer.down_proj.weight', 'blk.{l}.ffn_down.weight'],
  ],
  sizes: (metadata) => ({ groups: metadata.size('{arch}.ssm.group_count') }),
  readConfig(metadata, { has, vocabularySize }) {
    const layers = metadata.size('{arch}.block_count');
    if (layers > 65_536) throw metadata.wrong('{arch}.block_count', 'at most 65536');
    const widths = metadata.perLayer('{arch}.feed_forward_length', layers);
    const keyHeads = metadata.perLayer('{arch}.attention.head_count_kv', layers);
    const heads = metadata.perLayer('{arch}.attention.head_count', layers);
    const inner = metadata.size('{arch}.ssm.inner_size');
    const mambaHeads = metadata.size('{arch}.ssm.time_step_rank');
    const blocks = keyHeads.map((count, layer) =>
      count > 0 ? 'attention' : widths[layer]! > 0 ? 'mlp' : 'mamba',
    );
    const mamba = blocks.indexOf('mamba');
    const largest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0);
    const headSize = metadata.optionalSize('{arch}.attention.key_length');
    const epsilon = metadata.number('{arch}.attention.layer_norm_rms_epsilon') ?? 1e-5;
    return {
      model_type: 'nemotron_h',
      hidden_size: metadata.size('{arch}.embedding_length'),
      vocab_size: vocabularySize,
      max_position_embeddings: metadata.size('{arch}.context_length'),
      layers_block_type: blocks,
      mamba_num_heads: mambaHeads,
      mamba_head_dim: inner / mambaHeads,
      ssm_state_size: metadata.size('{arch}.ssm.state_size'),
      conv_kernel: metadata.size('{arch}.ssm.conv_kernel'),
      n_groups: metadata.size('{arch}.ssm.group_count'),
      ...(blocks.includes('attention') && {
        num_attention_heads: largest(heads),
        num_key_value_heads: largest(keyHeads),
        ...(headSize !== undefined && { head_dim: headSize }),
      }),
      ...(blocks.includes('mlp') && { intermediate_size: largest(widths) }),
      mlp_hidden_act: 'relu2',
      layer_norm_epsilon: epsilon,
      // Without the key no bound is applied, as by other readers of the format.
      time_step_min: metadata.numbers(timeStepLimitKey)?.[0] ?? 0,
      use_conv_bias: has(`blk.${Math.max(mamba, 0)}.ssm_conv1d.bias`),
      tie_word_embeddings: !has('output.weight'),
    };
  },
  writeFields(config) {
    const find = <Layer extends { readonly kind: string }>(kind: string): Layer | undefined =>
      config.layers.find((layer) => layer.kind === kind) as unknown as Layer | undefined;
    const mamba = find<Mamba2Config>('mamba2');
    const attention = find<AttentionConfig>('attention');
    const mlp = find<MlpConfig>('mlp');
    const other = config.layers.find(({ kind }) => !['mamba2', 'attention', 'mlp'].includes(kind));
    if (!mamba || other || (mlp && (mlp.activation !== 'relu2' || mlp.gated))) {
      throw new HybraError(
        'E_CONFIG',
        `GGUF: nemotron_h has Mamba-2 layers, attention and MLPs with relu2${other ? `; this one has ${other.kind}` : ''}.`,
        { family: config.family },
      );
    }
    const perLayer = (kind: string, value: number) => ({
      type: 'array' as const,
      of: 'u32' as const,
      value: config.layers.map((layer) => (layer.kind === kind ? value : 0)),
    });
    const [low, high] = mamba.timeStepLimit;
    return {
      fields: {
        context_length: whole(config.contextLength ?? 2 ** 20),
        embedding_length: whole(config.hiddenSize),
        block_count: whole(config.layers.length),
        feed_forward_length: perLayer('mlp', mlp?.innerSize ?? 0),
        'attention.head_count': whole(attention?.heads ?? 0),
        'attention.head_count_kv': perLayer('attention', attention?.keyValueHeads ?? 0),
        ...(attention && {
          'attention.key_length': whole(attention.headSize),
          'attention.value_length': whole(attention.headSize),
        }),
        'attention.layer_norm_rms_epsilon': real(config.norm.epsilon),
        'attention.layer_norm_epsilon': real(config.norm.epsilon),
        ...mamba2Fields(mamba),
      },
      ...(low > 0 && { own: { [timeStepLimitKey]: { type: 'array', of: 'f32', value: [low, high] } } }),
      sizes: { groups: mamba.groups },
    };
  },
};
